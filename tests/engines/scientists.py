"""What a data scientist does to a registry, for the fake and for MLflow alike."""

from contextlib import suppress

from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import RestException

from marketplace.engines.fake import FakeRegistry


class FakeScientist:
    """Works in the fake registry."""

    def __init__(self, registry: FakeRegistry) -> None:
        self.registry = registry

    def register(self, name: str) -> int:
        return self.registry.register(name).version

    def describe_model(self, name: str, text: str) -> None:
        self.registry.describe_model(name, text)

    def describe_version(self, name: str, number: int, text: str) -> None:
        self.registry.describe_version(name, number, text)

    def tag_model(self, name: str, key: str, value: str) -> None:
        self.registry.tag_model(name, key, value)

    def tag_version(self, name: str, number: int, key: str, value: str) -> None:
        self.registry.tag_version(name, number, key, value)

    def alias(self, name: str, alias: str, number: int) -> None:
        self.registry.alias(name, alias, number)

    def delete_version(self, name: str, number: int) -> None:
        self.registry.delete_version(name, number)

    def delete_model(self, name: str) -> None:
        self.registry.delete_model(name)


class MlflowScientist:
    """Works in MLflow with MLflow's own client."""

    def __init__(self, url: str) -> None:
        self.client = MlflowClient(url, url)

    def register(self, name: str) -> int:
        """A version without a single artifact."""
        run = self.client.create_run("0")
        with suppress(RestException):  # it exists
            self.client.create_registered_model(name)
        return self._version(name, run)

    def register_files(self, name: str, files: dict[str, str]) -> int:
        """A version whose artifacts are exactly these files."""
        run = self.client.create_run("0")
        for path, text in files.items():
            self.client.log_text(run.info.run_id, text, f"model/{path}")
        self.client.create_registered_model(name)
        return self._version(name, run)

    def _version(self, name: str, run: Run) -> int:
        made = self.client.create_model_version(
            name,
            f"{run.info.artifact_uri}/model",
            run_id=run.info.run_id,
            await_creation_for=None,
        )
        return int(made.version)

    def describe_model(self, name: str, text: str) -> None:
        self.client.update_registered_model(name, text)

    def describe_version(self, name: str, number: int, text: str) -> None:
        self.client.update_model_version(name, str(number), text)

    def tag_model(self, name: str, key: str, value: str) -> None:
        self.client.set_registered_model_tag(name, key, value)

    def tag_version(self, name: str, number: int, key: str, value: str) -> None:
        self.client.set_model_version_tag(name, str(number), key, value)

    def alias(self, name: str, alias: str, number: int) -> None:
        self.client.set_registered_model_alias(name, alias, str(number))

    def delete_version(self, name: str, number: int) -> None:
        self.client.delete_model_version(name, str(number))

    def delete_model(self, name: str) -> None:
        self.client.delete_registered_model(name)
