"""An app and a user of the practice Exact Online, over real HTTP."""

import html
import re
from urllib.parse import parse_qs, urlsplit

import requests

REDIRECT = "http://127.0.0.1:8000/oauth/callback/1/"
ACCOUNTANT, FLORIST, STAFF, HARBOUR = "Alex Accountant", "Fleur Florist", "Sam Staff", "Hanna Harbour"


class Client:
    """One app. Redirects are never followed, so that each answer can be looked at."""

    def __init__(self, sandbox, **registration):
        self.sandbox = sandbox
        options = {"name": "Demo", "redirect_url": REDIRECT, "granted": True, **registration}
        self.app = sandbox.register(**options)
        self.http = requests.Session()
        self.http.trust_env = False
        self.answer = None

    def get(self, path, **options):
        return self.http.get(self.sandbox.url + path, allow_redirects=False, timeout=10, **options)

    def post(self, path, **options):
        return self.http.post(self.sandbox.url + path, allow_redirects=False, timeout=10, **options)

    def authorize(self, **parameters):
        query = {
            "client_id": self.app.client_id,
            "redirect_uri": self.app.redirect_url,
            "response_type": "code",
            "state": "s/1 +",
            "force_login": "1",
            **parameters,
        }
        return self.get("/api/oauth2/auth", params={name: text for name, text in query.items() if text})

    def log_in(self, user, **parameters):
        """The answer to choosing a user: the consent page, or a refusal."""
        page = self.authorize(**parameters)
        (action,) = re.findall(r'action="(/consent/[^"]+/login)"', page.text)
        user_id = re.search(rf'value="([0-9a-f-]{{36}})">\s*{user}\b', page.text)[1]
        answer = self.post(action, data={"user": user_id})
        assert answer.status_code == 303
        return self.get(answer.headers["Location"])

    def decide(self, page, decision="allow", companies=None):
        """The redirect that follows. `companies`: codes to tick instead of those ticked already."""
        (action,) = re.findall(r'action="(/consent/[^"/]+/)"', page.text)
        if companies is None:
            companies = [int(code) for code in re.findall(r'value="(\d+)"\s+checked', page.text)]
        return self.post(action, data={"decision": decision, "company": companies})

    def consent(self, user=ACCOUNTANT, companies=None, **parameters):
        """The code, decoded."""
        answer = self.decide(self.log_in(user, **parameters), companies=companies)
        assert answer.status_code == 302, answer.text
        return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]

    def token(self, **fields):
        form = {"client_id": self.app.client_id, "client_secret": self.app.client_secret, **fields}
        return self.post("/api/oauth2/token", data=form)

    def exchange(self, code, **fields):
        return self.token(
            **{
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self.app.redirect_url,
                **fields,
            }
        )

    def refresh(self, refresh_token=None, **fields):
        token = refresh_token or self.answer["refresh_token"]
        response = self.token(**{"grant_type": "refresh_token", "refresh_token": token, **fields})
        if response.status_code == 200:
            self.answer = response.json()
        return response

    def connect(self, user=ACCOUNTANT, companies=None):
        """Consent and tokens; answers itself, connected."""
        response = self.exchange(self.consent(user, companies))
        assert response.status_code == 200, response.text
        self.answer = response.json()
        return self

    def call(self, path, *, token=None, **options):
        headers = {"Authorization": f"Bearer {token or self.answer['access_token']}"}
        headers |= options.pop("headers", {"Accept": "application/json"})
        return self.get(f"/api/v1/{path}", headers=headers, **options)

    def divisions(self, division=None, **options):
        return self.call(f"{division or self.division()}/system/Divisions", **options)

    def division(self):
        return self.call("current/Me").json()["d"]["results"][0]["CurrentDivision"]

    def control(self, path, **values):
        response = self.post(f"/sandbox/{path}", json=values)
        assert response.ok, response.text
        return response.json()


def offered(page):
    """The names of all companies on a consent page."""
    return [html.unescape(name).strip() for name in re.findall(r"<span>\s*([^<]+?)\s*\(\d+\)", page.text)]
