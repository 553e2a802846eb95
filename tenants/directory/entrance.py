"""The doors: sign in and out, and passwords. Only these of allauth's pages exist here."""

from allauth.account import views as allauth
from django.urls import path, re_path


class AnswersByForm:
    """The status says what the form says: 422 wrong, 429 too many, 503 nothing can be counted."""

    def form_invalid(self, form):
        response = super().form_invalid(form)
        response.status_code = getattr(form, "http_status", 422)
        if getattr(form, "wait", 0):
            response.headers["Retry-After"] = str(form.wait)
        return response


class SignIn(AnswersByForm, allauth.LoginView):
    """Name or mail address, and password."""


class Reauthenticate(AnswersByForm, allauth.ReauthenticateView):
    """The password once more, before something that needs it."""


class ChangePassword(AnswersByForm, allauth.PasswordChangeView):
    """The password of somebody who is signed in and knows the old one."""


class AskForLink(AnswersByForm, allauth.PasswordResetView):
    """A link by mail for who does not know the password; the answer is always the same."""

    def form_valid(self, form):
        form.save(self.request)
        return super(allauth.PasswordResetView, self).form_valid(form)


class SetPassword(AnswersByForm, allauth.PasswordResetFromKeyView):
    """The page behind that link, and behind an invitation."""


urlpatterns = [
    path("login/", SignIn.as_view(), name="account_login"),
    path("logout/", allauth.logout, name="account_logout"),
    path("inactive/", allauth.account_inactive, name="account_inactive"),
    path("signup/", allauth.signup, name="account_signup"),
    path("reauthenticate/", Reauthenticate.as_view(), name="account_reauthenticate"),
    path("password/change/", ChangePassword.as_view(), name="account_change_password"),
    path("password/reset/", AskForLink.as_view(), name="account_reset_password"),
    path("password/reset/done/", allauth.password_reset_done, name="account_reset_password_done"),
    path(
        "password/reset/key/done/",
        allauth.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        SetPassword.as_view(),
        name="account_reset_password_from_key",
    ),
]
