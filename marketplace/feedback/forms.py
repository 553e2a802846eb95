"""Forms of feedback: stars, a report, and what is said and decided about it."""

from django import forms

from marketplace.feedback.models import STARS, Rating, Report

WORDS = {5: "Very good", 4: "Good", 3: "Fair", 2: "Poor", 1: "Very poor"}
SEALED = (
    "It is sealed, and read by your team and the publishers of the model alone; each look is "
    "recorded. At most 64 KiB."
)
SHOWN = (
    "Without your name and team. Leave it off where the words themselves say too much. Your team "
    "and the publishers read it either way."
)


class TeamForm(forms.Form):
    """A form in the name of one of my teams; the choice is left out where there is only one."""

    tenant = forms.ChoiceField(label="Team", help_text="For which team you speak.")

    def __init__(self, *args, tenants, **kwargs):
        super().__init__(*args, **kwargs)
        self.tenants = {tenant.slug: tenant for tenant in tenants}
        if len(tenants) < 2:
            del self.fields["tenant"]
        else:
            self.fields["tenant"].choices = [(t.slug, t.name) for t in tenants]

    def clean_tenant(self):
        return self.tenants[self.cleaned_data["tenant"]]


class RatingForm(TeamForm):
    """Stars and a sentence."""

    stars = forms.TypedChoiceField(
        coerce=int, widget=forms.RadioSelect, label="Your stars",
        choices=[(n, f"{n} of {STARS[1]}, {WORDS[n].lower()}") for n in range(STARS[1], 0, -1)],
    )  # fmt: skip
    sentence = forms.CharField(
        max_length=Rating._meta.get_field("sentence").max_length, label="Why, in a sentence",
        help_text="Everybody who finds the model reads stars and sentence, without your name and "
        "team. The publishers of the model see both.",
    )  # fmt: skip

    field_order = ["stars", "sentence", "tenant"]


class ReportForm(TeamForm):
    """What is wrong, on which kind of input."""

    title = forms.CharField(
        max_length=Report._meta.get_field("title").max_length, label="What is wrong",
        help_text="In a line, such as: reads 7 as 1 when the bar is missing.",
    )  # fmt: skip
    text = forms.CharField(
        max_length=Report._meta.get_field("text").max_length, required=False,
        widget=forms.Textarea(attrs={"rows": 5}), label="On what kind of input",
        help_text="What you sent, what came back, what should have.",
    )  # fmt: skip
    version = forms.TypedChoiceField(coerce=int, empty_value=None, required=False, label="Version")
    example = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}), required=False,
        strip=False, label="An example that it is wrong on", help_text=SEALED,
    )  # fmt: skip
    public = forms.BooleanField(
        required=False, label="Let everybody who finds the model read this report and its replies",
        help_text=SHOWN,
    )  # fmt: skip

    field_order = ["title", "text", "version", "example", "public", "tenant"]

    def __init__(self, *args, versions, **kwargs):
        super().__init__(*args, **kwargs)
        told = [(number, f"Version {number}") for number in versions]
        self.fields["version"].choices = [("", "Not sure"), *told]


class ReplyForm(forms.Form):
    """One more thing said."""

    text = forms.CharField(
        max_length=4000, widget=forms.Textarea(attrs={"rows": 3}), label="Reply"
    )


class NoteForm(forms.Form):
    """Why."""

    note = forms.CharField(
        max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2}), label="Reason"
    )


class WhyForm(NoteForm):
    """Why, where it must be said."""

    def __init__(self, *args, label="Why it stays as it is", **kwargs):
        super().__init__(*args, auto_id="id_why_%s", **kwargs)
        self.fields["note"].required = True
        self.fields["note"].label = label
        said = f"Say {label[0].lower()}{label[1:]}."
        self.fields["note"].error_messages["required"] = said


class FixForm(NoteForm):
    """In which version it is put right."""

    version = forms.TypedChoiceField(coerce=int, label="Fixed in")

    field_order = ["version", "note"]

    def __init__(self, *args, versions, seen_in=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["version"].choices = [(n, f"Version {n}") for n in versions]
        if seen_in:
            self.fields["version"].help_text = f"Later than version {seen_in}, where it was seen."
        self.fields["note"].label = "What changed"
