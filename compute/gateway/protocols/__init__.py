"""The protocols that the gateway speaks, and how each says that something is wrong."""

from compute.gateway.protocols.base import Protocol
from compute.gateway.protocols.mlflow import MlflowScoring
from compute.gateway.protocols.openai import OpenAi
from compute.gateway.protocols.v2 import OpenInference

V2, MLFLOW, OPENAI = OpenInference(), MlflowScoring(), OpenAi()

__all__ = ["MLFLOW", "OPENAI", "V2", "Protocol"]
