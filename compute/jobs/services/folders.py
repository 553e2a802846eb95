"""What the program of a step is told of the folder that it shares with the other steps."""

from compute.jobs.models import Job

FOLDER = "MILLWRIGHT_PIPELINE_DIR"
INPUTS, OUTPUTS = "MILLWRIGHT_INPUTS", "MILLWRIGHT_OUTPUTS"


def variables_of(job: Job) -> dict[str, str]:
    """Variables for the process of a step, paths inside the folder with colons between them;
    empty for other jobs. An engine that makes the folder turns its name, and the
    paths inside it, into paths of the machine."""
    if job.step_id is None:
        return {}
    return {
        FOLDER: job.step.pipeline.folder,
        INPUTS: ":".join(job.step.inputs),
        OUTPUTS: ":".join(job.step.outputs),
    }
