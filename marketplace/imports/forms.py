"""Forms of imports: the file, and what its columns mean."""

from django import forms

from marketplace.imports.columns import CHOICES
from marketplace.imports.reading import LARGEST_UPLOAD
from tenants.directory.models import Tenant

EVERYBODY = "Everybody finds them"


def tenants_of(user) -> forms.ModelChoiceField:
    """Whom the models are shown to."""
    return forms.ModelChoiceField(
        Tenant.objects.visible_to(user),
        to_field_name="slug",
        required=False,
        label="Shown to",
        empty_label=EVERYBODY,
        help_text="One tenant alone, or everybody.",
    )


class UploadForm(forms.Form):
    """A file of models, and who finds them."""

    file = forms.FileField(
        label="File",
        allow_empty_file=True,
        help_text=f"CSV, plain or packed with gzip, with a header. {LARGEST_UPLOAD // 2**20} MB "
        "and 50,000 rows at most.",
        widget=forms.FileInput(attrs={"accept": ".csv,.gz,.tsv,text/csv,application/gzip"}),
    )
    source = forms.CharField(
        label="Where they come from",
        max_length=80,
        required=False,
        help_text="Such as the name of a public catalogue. Leave it empty where a column says it.",
    )

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["tenant"] = tenants_of(user)

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > LARGEST_UPLOAD:
            told = f"The file is larger than {LARGEST_UPLOAD // 2**20} MB."
            raise forms.ValidationError(told)
        return file


class MappingForm(forms.Form):
    """What each column of one file means; fields are `column-0`, `column-1` and so on."""

    source = forms.CharField(
        label="Where they come from",
        max_length=80,
        required=False,
        help_text="For rows that do not say it themselves.",
    )

    def __init__(self, *args, user, header, mapping, **kwargs):
        super().__init__(*args, **kwargs)
        self.header = header
        self.fields["tenant"] = tenants_of(user)
        for place, column in enumerate(header):
            self.fields[f"column-{place}"] = forms.ChoiceField(
                label=column, choices=CHOICES, required=False, initial=mapping.get(column, "")
            )

    def columns(self):
        """(name of the column, its control) for the table."""
        return [(column, self[f"column-{place}"]) for place, column in enumerate(self.header)]

    def mapping(self) -> dict[str, str]:
        """{column: field} as it was chosen."""
        told = self.cleaned_data
        return {column: told[f"column-{place}"] for place, column in enumerate(self.header)}
