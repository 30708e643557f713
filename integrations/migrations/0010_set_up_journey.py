
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import integrations.models.actors
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0009_installation'),
    ]

    operations = [
        migrations.CreateModel(
            name='KeyTest',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('asked_by', integrations.models.actors.ActorField(editable=False, max_length=80)),
                ('client_id', models.CharField(editable=False, max_length=36)),
                ('redirect_uri', models.CharField(editable=False, max_length=500)),
                ('secret_version', models.PositiveIntegerField(editable=False)),
                ('client_verdict', models.CharField(blank=True, editable=False, max_length=20)),
                ('client_said', models.CharField(blank=True, editable=False, max_length=200)),
                ('client_evidence', models.CharField(blank=True, editable=False, max_length=300)),
                ('secret_verdict', models.CharField(blank=True, editable=False, max_length=20)),
                ('secret_said', models.CharField(blank=True, editable=False, max_length=200)),
                ('secret_evidence', models.CharField(blank=True, editable=False, max_length=300)),
            ],
            options={
                'verbose_name': 'test of keys',
                'verbose_name_plural': 'tests of keys',
                'ordering': ['-asked_at', '-id'],
                'default_permissions': (),
            },
        ),
        migrations.AddField(
            model_name='application',
            name='approved_scopes',
            field=models.JSONField(blank=True, default=dict, editable=False, help_text='What Exact approved before the portal: group.resource to read or manage; absent is None.'),
        ),
        migrations.AddField(
            model_name='application',
            name='archived_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='application',
            name='archived_by',
            field=integrations.models.actors.ActorField(blank=True, editable=False, max_length=80),
        ),
        migrations.AddField(
            model_name='application',
            name='caretakers',
            field=models.TextField(blank=True, help_text='A name on each line. Two at least, so that one may leave.', max_length=1000, validators=[django.core.validators.MaxLengthValidator(1000)], verbose_name='colleagues who can sign in to Manage my apps'),
        ),
        migrations.AddField(
            model_name='application',
            name='existed_before',
            field=models.BooleanField(default=False, editable=False, help_text='It was registered at Exact before it was added here.'),
        ),
        migrations.AddField(
            model_name='application',
            name='owner',
            field=models.CharField(blank=True, help_text='Whose subscription at Exact the app is registered under.', max_length=120, verbose_name='Exact subscription'),
        ),
        migrations.AddField(
            model_name='application',
            name='permission_evidence',
            field=models.URLField(blank=True, help_text='The address of the letter, ticket or page that shows it.', max_length=500, verbose_name='evidence'),
        ),
        migrations.AddField(
            model_name='application',
            name='permission_note',
            field=models.TextField(blank=True, max_length=1000, validators=[django.core.validators.MaxLengthValidator(1000)], verbose_name='note'),
        ),
        migrations.AddField(
            model_name='application',
            name='permission_on',
            field=models.DateField(blank=True, help_text='The day on which this became so, as far as it is known.', null=True, verbose_name='since'),
        ),
        migrations.AddField(
            model_name='application',
            name='permission_status',
            field=models.CharField(choices=[('none', 'Not requested'), ('in_review', 'With Exact'), ('granted', 'Granted'), ('rejected', 'Rejected')], default='none', max_length=10, verbose_name='permission by Exact'),
        ),
        migrations.AddField(
            model_name='application',
            name='registered_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='application',
            name='registered_by',
            field=integrations.models.actors.ActorField(blank=True, editable=False, max_length=80),
        ),
        migrations.AddField(
            model_name='application',
            name='registered_redirect_uri',
            field=models.CharField(blank=True, editable=False, max_length=500, verbose_name='registered redirect URL'),
        ),
        migrations.AddField(
            model_name='application',
            name='stopped_at',
            field=models.DateTimeField(blank=True, editable=False, help_text='Under Emergency stop since.', null=True),
        ),
        migrations.AddField(
            model_name='application',
            name='stopped_by',
            field=integrations.models.actors.ActorField(blank=True, editable=False, max_length=80),
        ),
        migrations.AddField(
            model_name='application',
            name='version',
            field=models.PositiveIntegerField(default=1, editable=False, help_text='Grows with each change: a form filled in from an older one is refused.'),
        ),
        migrations.AddConstraint(
            model_name='application',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('stopped_at__isnull', True), ('stopped_by', '')), models.Q(('stopped_at__isnull', False), models.Q(('stopped_by__startswith', 'person:'), ('stopped_by__startswith', 'command:'), ('stopped_by', 'portal'), _connector='OR')), _connector='OR'), name='application_stopped_at_and_by'),
        ),
        migrations.AddConstraint(
            model_name='application',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('archived_at__isnull', True), ('archived_by', '')), models.Q(('archived_at__isnull', False), models.Q(('archived_by__startswith', 'person:'), ('archived_by__startswith', 'command:'), ('archived_by', 'portal'), _connector='OR')), _connector='OR'), name='application_archived_at_and_by'),
        ),
        migrations.AddConstraint(
            model_name='application',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('registered_at__isnull', True), ('registered_by', '')), models.Q(('registered_at__isnull', False), models.Q(('registered_by__startswith', 'person:'), ('registered_by__startswith', 'command:'), ('registered_by', 'portal'), _connector='OR')), _connector='OR'), name='application_registered_at_and_by'),
        ),
        migrations.AddConstraint(
            model_name='application',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('archived_at__isnull', True), ('stopped_at__isnull', True)), models.Q(('archived_at__isnull', True), ('enabled_at__isnull', True)), models.Q(('enabled_at__isnull', True), ('stopped_at__isnull', True)), _connector='OR'), name='application_in_one_state'),
        ),
        migrations.AddConstraint(
            model_name='application',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('registered_at__isnull', True), ('registered_redirect_uri', '')), models.Q(('registered_at__isnull', False), models.Q(('registered_redirect_uri', ''), _negated=True)), _connector='OR'), name='application_registered_with_a_url'),
        ),
        migrations.AddConstraint(
            model_name='application',
            constraint=models.CheckConstraint(condition=models.Q(('permission_status__in', ['none', 'in_review', 'granted', 'rejected'])), name='application_permission_is_known'),
        ),
        migrations.AddConstraint(
            model_name='application',
            constraint=models.CheckConstraint(condition=models.Q(('version__gte', 1)), name='application_version_counts_from_one'),
        ),
        migrations.AddField(
            model_name='keytest',
            name='application',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='key_tests', to='integrations.application'),
        ),
        migrations.AddIndex(
            model_name='keytest',
            index=models.Index(fields=['application', '-asked_at'], name='key_test_by_app'),
        ),
        migrations.AddConstraint(
            model_name='keytest',
            constraint=models.CheckConstraint(condition=models.Q(('client_verdict__in', ['', 'accepted', 'unknown_client', 'redirect_refused', 'secret_refused', 'unclear']), ('secret_verdict__in', ['', 'accepted', 'unknown_client', 'redirect_refused', 'secret_refused', 'unclear'])), name='key_test_verdict_is_known'),
        ),
        migrations.AddConstraint(
            model_name='keytest',
            constraint=models.CheckConstraint(condition=models.Q(('secret_version__gte', 1)), name='key_test_of_a_secret'),
        ),
        migrations.AddConstraint(
            model_name='keytest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('client_id', ''), _negated=True), models.Q(('redirect_uri', ''), _negated=True)), name='key_test_of_an_app'),
        ),
        migrations.AddConstraint(
            model_name='keytest',
            constraint=models.CheckConstraint(condition=models.Q(('asked_by__startswith', 'person:'), ('asked_by__startswith', 'command:'), ('asked_by', 'portal'), _connector='OR'), name='key_test_asked_by_is_known'),
        ),
    ]
