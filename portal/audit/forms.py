"""The search form of the trail."""

from datetime import UTC, timedelta

from django import forms

from portal.audit import search


class SearchForm(forms.Form):
    """What to look for; every field may stay empty."""

    what = forms.CharField(
        max_length=80, required=False, label="Object", help_text="An id, or how its name begins."
    )
    kind = forms.ChoiceField(required=False, label="Kind of object")
    actor = forms.CharField(max_length=150, required=False, label="Who")
    verb = forms.CharField(max_length=80, required=False, label="Did what")
    tenant = forms.CharField(max_length=40, required=False, label="Tenant")
    since = forms.DateField(
        required=False, label="From", widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        required=False, label="Until", widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [("", "Any kind"), *search.subject_types()]

    def clean_tenant(self):
        name = self.cleaned_data["tenant"]
        found = search.tenant_named(name) if name else None
        if name and found is None:
            raise forms.ValidationError(f"There is no tenant {name}.")
        return found

    def clean(self):
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and until < since:
            self.add_error("until", "Choose a day that is not before the first one.")

    def wanted(self) -> search.Wanted:
        """The filters; days are whole days in UTC, the last one included."""
        facts = self.cleaned_data
        since, until = facts.get("since"), facts.get("until")
        return search.Wanted(
            what=facts.get("what", ""),
            subject_type=facts.get("kind", ""),
            actor=facts.get("actor", ""),
            verb=facts.get("verb", ""),
            tenant=facts.get("tenant"),
            since=since and _midnight(since),
            until=until and _midnight(until) + timedelta(days=1),
        )


def _midnight(day):
    return forms.DateTimeField().to_python(f"{day} 00:00").replace(tzinfo=UTC)
