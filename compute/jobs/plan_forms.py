"""Forms of pipelines: a definition as text, with what is wrong told by line."""

from django import forms

from compute.jobs import definition_text
from compute.jobs.definition_text import MOST_TEXT, Written
from compute.jobs.definitions import Flawed
from tenants.directory.models import Tenant

EXAMPLE = """\
name: Nightly digits
defaults:
  needs: {cpu: 1, memory_gb: 2}
  time_limit_s: 3600
steps:
  - slug: prepare
    command: [python, prepare.py]
    outputs: [data/train.csv]
  - slug: train
    command: [python, train.py]
    after: [prepare]
    inputs: [data/train.csv]
    outputs: [model]
    needs: {gpus: 1, gpu_memory_gb: 40}
    retries: 2
  - slug: validate
    command: [python, validate.py]
    after: [train]
    inputs: [model]
  - slug: register
    command: [python, register.py]
    after: [validate]
"""
BRANCHES = """\
name: Two ways to one model
defaults: {needs: {cpu: 1, memory_gb: 1}}
steps:
  - {slug: prepare, command: [python, prepare.py]}
  - {slug: train-small, command: [python, train.py, small], after: [prepare]}
  - {slug: train-large, command: [python, train.py, large], after: [prepare], retries: 1}
  - slug: compare
    command: [python, compare.py]
    after: [train-small, train-large]
"""
JSON = """\
{
  "name": "One step after another",
  "steps": [
    {"slug": "count", "command": ["python", "count.py"], "needs": {"cpu": 1}},
    {"slug": "report", "command": ["python", "report.py"], "after": ["count"]}
  ]
}
"""
EXAMPLES = {"line": ("In a line", EXAMPLE), "branches": ("With branches", BRANCHES),
            "json": ("As JSON", JSON)}  # fmt: skip


class PipelineForm(forms.Form):
    """Who runs it, and its definition as YAML or JSON."""

    tenant = forms.ModelChoiceField(
        Tenant.objects.none(), to_field_name="slug", empty_label=None, label="Team"
    )
    definition = forms.CharField(
        max_length=MOST_TEXT, strip=False,
        widget=forms.Textarea(attrs={"rows": 22, "spellcheck": "false", "class": "mono"}),
    )  # fmt: skip

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["tenant"].queryset = Tenant.objects.joined_by(user)
        self.written: Written | None = None

    def clean_definition(self):
        text = self.cleaned_data["definition"]
        try:
            self.written = definition_text.read(text)
        except Flawed as flawed:
            raise forms.ValidationError(self.told(flawed)) from None
        return text

    def told(self, flawed: Flawed) -> list[str]:
        """Every flaw with its line, from the top."""
        found = []
        for flaw in flawed.flaws:
            at = flaw.place[1] if flaw.place[:1] == ("line",) else self.written.line_of(flaw.place)
            found.append((at, f"Line {at}: {flaw.words}"))
        return [words for _, words in sorted(found)]
