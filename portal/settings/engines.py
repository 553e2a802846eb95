"""Which engines the portal uses, and where they are."""

from portal.settings import env

MLFLOW_TRACKING_URI = env.read("MLFLOW_TRACKING_URI", "")
REGISTRY_ENGINE = env.read("REGISTRY_ENGINE", "marketplace.engines.mlflow.MlflowRegistry")
SERVING_ENGINE = env.read("SERVING_ENGINE", "compute.engines.local_serving.LocalServing")
MODEL_HOST_URL = env.read("MODEL_HOST_URL", "")
MODEL_HOST_TOKEN = env.read("MODEL_HOST_TOKEN", "")
JOB_ENGINES = {
    "local": env.read("JOB_ENGINE_LOCAL", "compute.engines.local_jobs.LocalJobs"),
    "kueue": env.read("JOB_ENGINE_KUEUE", "compute.engines.kueue.Kueue"),
}
JOB_HOST_URL = env.read("JOB_HOST_URL", "")
JOB_HOST_TOKEN = env.read("JOB_HOST_TOKEN", "")
KUBECONFIG = env.read("KUBECONFIG", "")
CAPACITY_PROVIDER = env.read("CAPACITY_PROVIDER", "platform")
PROMETHEUS_URL = env.read("PROMETHEUS_URL", "")
PREEMPTION_REFUND = env.read_share("PREEMPTION_REFUND", "1")
IDLE_MINUTES = env.read_int("IDLE_MINUTES", 30, least=1, most=100_000)
IDLE_WARNING = env.read_int("IDLE_WARNING", 15, least=0, most=IDLE_MINUTES)
LOG_DAYS = env.read_int("LOG_DAYS", 90, least=1, most=3650)
GATEWAY_URL = env.read_url("GATEWAY_URL", "http://127.0.0.1:8001")
GATEWAY_UPSTREAM_TIMEOUT = env.read_int("GATEWAY_UPSTREAM_TIMEOUT", 60, least=1, most=3600)
GATEWAY_BODY_LIMIT = env.read_int("GATEWAY_BODY_LIMIT", 8_388_608, least=1024)
DEFAULT_CURRENCY = env.read("DEFAULT_CURRENCY", "EUR")
