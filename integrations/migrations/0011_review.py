import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
import django.utils.timezone
import integrations.models.actors
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0010_set_up_journey'),
    ]

    operations = [
        migrations.CreateModel(
            name='LibraryAnswer',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveSmallIntegerField(help_text='1 to 12.', verbose_name='question')),
                ('name', models.CharField(help_text='By which colleagues find it.', max_length=100)),
                ('answer', models.CharField(max_length=14)),
                ('explanation', models.TextField(blank=True, max_length=1000, validators=[django.core.validators.MaxLengthValidator(1000)])),
                ('evidence', models.URLField(blank=True, help_text='The address of what shows it.', max_length=500, verbose_name='evidence')),
                ('valid_until', models.DateField(blank=True, help_text='When the evidence expires.', null=True)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
            ],
            options={
                'verbose_name': 'answer',
                'ordering': ['number', 'name', 'id'],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='PermissionRequest',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField(editable=False)),
                ('state', models.CharField(max_length=10)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('created_by', integrations.models.actors.ActorField(editable=False, max_length=80)),
            ],
            options={
                'verbose_name': 'permission',
                'ordering': ['application', '-number'],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Review',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField(editable=False, verbose_name='round')),
                ('state', models.CharField(default='draft', max_length=10)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('form', models.JSONField(default=dict)),
                ('concerned', models.JSONField(default=list, help_text="The fields that Exact's rejection of the round before it was about.")),
                ('submitted', models.JSONField(blank=True, editable=False, null=True)),
                ('submitted_hash', models.CharField(blank=True, editable=False, max_length=64, verbose_name='SHA-256')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('created_by', integrations.models.actors.ActorField(editable=False, max_length=80)),
            ],
            options={
                'verbose_name': 'review',
                'ordering': ['application', '-number'],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='ReviewerQuestion',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('asked_on', models.DateField()),
                ('question', models.TextField(max_length=4000, validators=[django.core.validators.MaxLengthValidator(4000)])),
                ('answered_on', models.DateField(blank=True, null=True)),
                ('answer', models.TextField(blank=True, max_length=4000, validators=[django.core.validators.MaxLengthValidator(4000)])),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('created_by', integrations.models.actors.ActorField(editable=False, max_length=80)),
            ],
            options={
                'verbose_name': 'question of a reviewer',
                'verbose_name_plural': 'questions of reviewers',
                'ordering': ['asked_on', 'created_at', 'id'],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='ScopeApproval',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField(editable=False)),
                ('scopes', models.JSONField(help_text='group.resource to read or manage; absent is None.')),
                ('approved_on', models.DateField(blank=True, help_text='None where nobody knows the day.', null=True)),
                ('recorded_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('recorded_by', integrations.models.actors.ActorField(editable=False, max_length=80)),
            ],
            options={
                'verbose_name': 'approval of scopes',
                'verbose_name_plural': 'approvals of scopes',
                'ordering': ['application', '-number'],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='ScopeSelection',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('scope', models.CharField(help_text="group.resource, as Exact's form has it.", max_length=60)),
                ('level', models.CharField(max_length=6)),
                ('reason', models.CharField(blank=True, help_text='What the app needs it for.', max_length=300)),
            ],
            options={
                'verbose_name': 'scope',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='WorkflowStep',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(help_text='As rules.workflow has it; as_it_stood where nobody saw the step.', max_length=20)),
                ('before', models.CharField(max_length=10)),
                ('after', models.CharField(max_length=10)),
                ('on', models.DateField(blank=True, help_text='The day it happened; none where nobody knows.', null=True)),
                ('note', models.TextField(blank=True, max_length=4000, validators=[django.core.validators.MaxLengthValidator(4000)])),
                ('evidence', models.URLField(blank=True, max_length=500)),
                ('at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('by', integrations.models.actors.ActorField(editable=False, max_length=80)),
            ],
            options={
                'verbose_name': 'step',
                'ordering': ['at', 'id'],
                'default_permissions': (),
            },
        ),
        migrations.AlterModelOptions(
            name='application',
            options={'ordering': ['region', 'name', 'id'], 'permissions': [('enable_application', 'Can enable and disable an app'), ('set_keys', "Can enter and replace an app's keys"), ('select_scopes', "Can choose an app's scopes"), ('prepare_review', 'Can fill in a review'), ('record_review', 'Can record the steps of a review and of permission'), ('link_without_permission', 'Can try to connect a customer without recorded permission')], 'verbose_name': 'app', 'verbose_name_plural': 'apps'},
        ),
        migrations.AddField(
            model_name='linkpage',
            name='tried_because',
            field=models.CharField(blank=True, editable=False, help_text='Why staff let a customer try although no permission is recorded; empty: they did not.', max_length=300),
        ),
        migrations.AddField(
            model_name='organization',
            name='remind_after_days',
            field=models.PositiveSmallIntegerField(default=5, help_text='Days that a review or a request may be with Exact before pages remind of it.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(90)], verbose_name='remind after'),
        ),
        migrations.AddConstraint(
            model_name='linkpage',
            constraint=models.CheckConstraint(condition=models.Q(('tried_because', ''), ('customer__isnull', False), _connector='OR'), name='link_tried_for_a_customer'),
        ),
        migrations.AddConstraint(
            model_name='organization',
            constraint=models.CheckConstraint(condition=models.Q(('remind_after_days__gte', 1), ('remind_after_days__lte', 90)), name='organization_reminds_in_time'),
        ),
        migrations.AddConstraint(
            model_name='libraryanswer',
            constraint=models.UniqueConstraint(fields=('number', 'name'), name='library_answer_named_once'),
        ),
        migrations.AddConstraint(
            model_name='libraryanswer',
            constraint=models.CheckConstraint(condition=models.Q(('number__gte', 1), ('number__lte', 12)), name='library_answer_to_a_question'),
        ),
        migrations.AddConstraint(
            model_name='libraryanswer',
            constraint=models.CheckConstraint(condition=models.Q(('answer__in', ['yes', 'no']), models.Q(('answer', 'not_applicable'), ('number', 11)), _connector='OR'), name='library_answer_is_known'),
        ),
        migrations.AddConstraint(
            model_name='libraryanswer',
            constraint=models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='library_answer_has_a_name'),
        ),
        migrations.AddField(
            model_name='permissionrequest',
            name='application',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='permission_requests', to='integrations.application'),
        ),
        migrations.AddField(
            model_name='review',
            name='application',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reviews', to='integrations.application'),
        ),
        migrations.AddField(
            model_name='reviewerquestion',
            name='review',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='questions', to='integrations.review'),
        ),
        migrations.AddField(
            model_name='scopeapproval',
            name='application',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='scope_approvals', to='integrations.application'),
        ),
        migrations.AddField(
            model_name='scopeapproval',
            name='review',
            field=models.OneToOneField(blank=True, help_text='The round that Exact approved; none where it was written down as it stood.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='approval', to='integrations.review'),
        ),
        migrations.AddField(
            model_name='connection',
            name='scope_approval',
            field=models.ForeignKey(blank=True, editable=False, help_text='What Exact had approved when the consent was given; none where nobody knew.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='connections', to='integrations.scopeapproval'),
        ),
        migrations.AddField(
            model_name='scopeselection',
            name='application',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='scope_selections', to='integrations.application'),
        ),
        migrations.AddField(
            model_name='workflowstep',
            name='application',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='workflow_steps', to='integrations.application'),
        ),
        migrations.AddField(
            model_name='workflowstep',
            name='permission',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='integrations.permissionrequest'),
        ),
        migrations.AddField(
            model_name='workflowstep',
            name='review',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='integrations.review'),
        ),
        migrations.AddConstraint(
            model_name='permissionrequest',
            constraint=models.UniqueConstraint(fields=('application', 'number'), name='permission_numbered'),
        ),
        migrations.AddConstraint(
            model_name='permissionrequest',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['requested', 'granted'])), fields=('application',), name='permission_one_open_an_app'),
        ),
        migrations.AddConstraint(
            model_name='permissionrequest',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['requested', 'granted', 'refused', 'withdrawn', 'taken_back'])), name='permission_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='permissionrequest',
            constraint=models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='permission_counts_from_one'),
        ),
        migrations.AddConstraint(
            model_name='permissionrequest',
            constraint=models.CheckConstraint(condition=models.Q(('created_by__startswith', 'person:'), ('created_by__startswith', 'command:'), ('created_by', 'portal'), _connector='OR'), name='permission_created_by_is_known'),
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.UniqueConstraint(fields=('application', 'number'), name='review_numbered'),
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['draft', 'submitted', 'in_review'])), fields=('application',), name='review_one_open_an_app'),
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'submitted', 'in_review', 'approved', 'rejected'])), name='review_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'draft'), ('submitted__isnull', True), ('submitted_hash', '')), models.Q(models.Q(('state', 'draft'), _negated=True), ('submitted__isnull', False), django.db.models.lookups.Exact(django.db.models.functions.text.Length('submitted_hash'), 64)), _connector='OR'), name='review_submitted_is_frozen'),
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.CheckConstraint(condition=models.Q(('number__gte', 1), ('version__gte', 1)), name='review_counts_from_one'),
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.CheckConstraint(condition=models.Q(('created_by__startswith', 'person:'), ('created_by__startswith', 'command:'), ('created_by', 'portal'), _connector='OR'), name='review_created_by_is_known'),
        ),
        migrations.AddConstraint(
            model_name='reviewerquestion',
            constraint=models.CheckConstraint(condition=models.Q(('question', ''), _negated=True), name='reviewer_question_asks_something'),
        ),
        migrations.AddConstraint(
            model_name='reviewerquestion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('answer', ''), ('answered_on__isnull', True)), models.Q(('answered_on__isnull', False), models.Q(('answer', ''), _negated=True)), _connector='OR'), name='reviewer_question_answered_with_a_day'),
        ),
        migrations.AddConstraint(
            model_name='reviewerquestion',
            constraint=models.CheckConstraint(condition=models.Q(('created_by__startswith', 'person:'), ('created_by__startswith', 'command:'), ('created_by', 'portal'), _connector='OR'), name='reviewer_question_created_by_is_known'),
        ),
        migrations.AddConstraint(
            model_name='scopeapproval',
            constraint=models.UniqueConstraint(fields=('application', 'number'), name='scope_approval_numbered'),
        ),
        migrations.AddConstraint(
            model_name='scopeapproval',
            constraint=models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='scope_approval_counts_from_one'),
        ),
        migrations.AddConstraint(
            model_name='scopeapproval',
            constraint=models.CheckConstraint(condition=models.Q(('recorded_by__startswith', 'person:'), ('recorded_by__startswith', 'command:'), ('recorded_by', 'portal'), _connector='OR'), name='scope_approval_recorded_by_is_known'),
        ),
        migrations.AddConstraint(
            model_name='scopeselection',
            constraint=models.UniqueConstraint(fields=('application', 'scope'), name='scope_selected_once'),
        ),
        migrations.AddConstraint(
            model_name='scopeselection',
            constraint=models.CheckConstraint(condition=models.Q(('level__in', ['none', 'read', 'manage'])), name='scope_level_is_known'),
        ),
        migrations.AddConstraint(
            model_name='scopeselection',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('level', 'none'), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='scope_at_none_has_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='scopeselection',
            constraint=models.CheckConstraint(condition=models.Q(('scope__contains', '.')), name='scope_is_of_a_group'),
        ),
        migrations.AddIndex(
            model_name='workflowstep',
            index=models.Index(fields=['application', 'at'], name='step_by_app'),
        ),
        migrations.AddConstraint(
            model_name='workflowstep',
            constraint=models.CheckConstraint(condition=models.Q(('review__isnull', True), ('permission__isnull', True), _connector='OR'), name='step_of_one_course'),
        ),
        migrations.AddConstraint(
            model_name='workflowstep',
            constraint=models.CheckConstraint(condition=models.Q(('by__startswith', 'person:'), ('by__startswith', 'command:'), ('by', 'portal'), _connector='OR'), name='step_by_is_known'),
        ),
        migrations.AddConstraint(
            model_name='workflowstep',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('code', ''), _negated=True), models.Q(('after', ''), _negated=True)), name='step_says_what'),
        ),
    ]
