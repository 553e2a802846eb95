"""Many tenants, people, models and permissions, written by the database itself."""

import json

import psycopg

TENANTS, PEOPLE, LARGE = 500, 5000, 5
FAMILIES = (
    "resnet", "vit", "llama", "qwen", "whisper", "bert", "yolo", "fraud", "churn", "claims",
    "invoice", "demand", "pricing", "tumour", "digits", "contract", "sentiment", "translate",
    "embed", "rerank", "pose", "depth", "segment", "speech", "voice", "forecast", "anomaly",
    "basket", "credit", "route",
)  # fmt: skip
SIZES = ("tiny", "small", "base", "large", "xl", "v2", "v3", "7b", "13b", "70b")
TASKS = (
    "image-classification", "object-detection", "text-generation", "speech-to-text",
    "text-to-speech", "translation", "embedding", "rerank", "tabular-classification",
    "tabular-regression", "time-series", "anomaly-detection", "summarization",
    "token-classification", "question-answering", "segmentation", "recommendation", "document",
)  # fmt: skip
FRAMEWORKS = ("pytorch", "tensorflow", "onnx", "scikit-learn", "xgboost", "lightgbm", "vllm")
LICENCES = ("Apache-2.0", "MIT", "internal", "CC-BY-4.0", "proprietary", "Llama 3", "")
SAID = (
    "Scores each payment within twenty milliseconds.", "Reads figures from a scanned page.",
    "Writes down what was said on the phone.", "Sorts letters to the team that answers them.",
    "Says how many units are sold tomorrow.", "Finds people and places in a text.",
    "Answers questions about a contract.", "Puts found passages in order.",
)  # fmt: skip
CARD = (
    "Trained on cases of the last three years, without those that were reopened.",
    "It is measured every month on a held-out sample, and the figures are on this page.",
    "Weak on short inputs, on scans below 150 dpi, and on languages it has not seen.",
    "Not made for decisions about people; somebody has to look at what it refuses.",
    "A batch of 64 takes half a second on one accelerator and four seconds without.",
    "Its predecessor stays up until every consumer has moved; ask the team for the date.",
    "Inputs are not kept. Outputs are kept for thirty days, for the monitoring of drift.",
    "Categories that are new this quarter are in the list at the end of this card.",
)  # fmt: skip
SIGNATURE = json.dumps(
    {
        "inputs": [{"name": f"column_{n}", "type": "double", "required": True} for n in range(12)],
        "outputs": [{"name": "score", "type": "double", "required": True}],
    }
)
COMPANY = """
INSERT INTO tenants_tenant (id, created_at, slug, name, parent_id, cost_centre, region, contact)
SELECT gen_random_uuid(), now(), 'team-' || n, 'Team ' || n, NULL, 'CC-' || n, 'eu-central',
  'team' || n || '@example.org' FROM generate_series(1, %(tenants)s) n;
UPDATE tenants_tenant SET parent_id = (SELECT id FROM tenants_tenant WHERE slug = 'team-500')
WHERE slug IN (SELECT 'team-' || n FROM generate_series(480, 499) n);
INSERT INTO auth_group (name) SELECT 'tenant:' || t.id || ':' || role
FROM tenants_tenant t, unnest(ARRAY['consumer', 'publisher', 'owner']) role;
INSERT INTO tenants_user (id, password, is_superuser, username, first_name, last_name, email,
  is_staff, is_active, date_joined, time_zone)
SELECT gen_random_uuid(), '!', false, 'person-' || n, '', '', 'person' || n || '@example.org',
  false, true, now(), 'UTC' FROM generate_series(1, %(people)s) n;
INSERT INTO tenants_membership (id, created_at, user_id, tenant_id, role)
SELECT gen_random_uuid(), now(), u.id, t.id,
  (ARRAY['consumer', 'publisher', 'owner'])[1 + split_part(u.username, '-', 2)::int %% 10 / 8]
FROM tenants_user u JOIN tenants_tenant t
  ON t.slug = 'team-' || (1 + split_part(u.username, '-', 2)::int %% %(tenants)s);
INSERT INTO tenants_user_groups (user_id, group_id)
SELECT m.user_id, g.id FROM tenants_membership m
JOIN auth_group g ON g.name = 'tenant:' || m.tenant_id || ':' || m.role;
"""
MODELS = """
CREATE TEMP TABLE IF NOT EXISTS ordered AS
SELECT id, row_number() OVER (ORDER BY length(slug), slug) AS n FROM tenants_tenant;
INSERT INTO marketplace_aimodel (id, created_at, slug, registry_name, name, tenant_id,
  proposed_tenant, status, stage, visibility, summary, card, task, framework, licence,
  data_class, region, contact, tags, followed_version, version_pinned, registry_fingerprint,
  published_at, changed_at)
SELECT gen_random_uuid(), now(), base || '-' || d, base || '-' || d, initcap(base) || ' ' || d,
  o.id, '', CASE WHEN d %% 20 = 0 THEN 'draft' ELSE 'published' END,
  (ARRAY['production', 'staging', 'development'])[1 + d %% 3],
  CASE WHEN d %% 10 < 4 THEN 'everyone' WHEN d %% 10 < 9 THEN 'named' ELSE 'nobody' END,
  (%(said)s::text[])[1 + (d * 7) %% %(n_said)s], '# ' || base || E'\\n\\nMade for team '
    || d %% 500 || E'. Use it with care.\\n\\n' || (SELECT string_agg((%(card)s::text[])
      [1 + (d * 5 + k * 3) %% %(n_card)s] || ' Case ' || (d * 31 + k * 977) %% 40000 || '.', ' ')
      FROM generate_series(1, 4 + d %% 24) k),
  (%(tasks)s::text[])[1 + (d * 13 / 7) %% %(n_tasks)s],
  (%(frameworks)s::text[])[1 + (d * 11 / 3) %% %(n_frameworks)s],
  (%(licences)s::text[])[1 + (d / 5) %% %(n_licences)s],
  (ARRAY['public', 'internal', 'confidential', 'restricted'])[1 + d / 3 %% 4],
  (ARRAY['eu-central', 'eu-west', 'us-east'])[1 + d / 11 %% 3], 'team@example.org',
  jsonb_build_object('line', 'line-' || d %% 40, 'quarter', 'q' || 1 + d %% 4), 1, false, '',
  now() - d * interval '1 minute', now()
FROM (SELECT n AS d, (%(families)s::text[])[1 + n %% %(n_families)s] || '-'
  || (%(sizes)s::text[])[1 + n / 30 %% %(n_sizes)s] AS base
  FROM generate_series(%(first)s, %(last)s) n) drawn
JOIN ordered o ON o.n = 1 + d %% %(tenants)s;
INSERT INTO tenants_price (id, created_at, tenant_id, model_id, model_slug, meter, version,
  amount, per, currency, valid_from)
SELECT gen_random_uuid(), now(), m.tenant_id, m.id, m.slug, 'predictions', 1,
  (ARRAY[0, 0.2, 0.85, 1.5, 6, 40])[1 + abs(hashtext(m.slug)) %% 6], 1000, 'EUR', now()
FROM marketplace_aimodel m WHERE NOT EXISTS (SELECT FROM tenants_price p WHERE p.model_id = m.id);
INSERT INTO marketplace_modelversion (id, created_at, model_id, number, run_id, source,
  registry_status, description, tags, aliases, metrics, parameters, signature, dependencies,
  flavours, python_version, trained_by, data_sets, problems, mark_digest)
SELECT gen_random_uuid(), now(), m.id, 1, '', '', 'READY', '', '{}', '{champion}',
  '{"accuracy": 0.93}', '{"depth": "8"}', %(signature)s::jsonb, '{scikit-learn==1.5.0}',
  '{python_function}', '3.11', '', '{}', '{}', '' FROM marketplace_aimodel m
WHERE NOT EXISTS (SELECT FROM marketplace_modelversion v WHERE v.model_id = m.id);
SELECT marketplace_shelve(NULL), marketplace_learn(NULL);
"""
PERMISSIONS = """
CREATE TEMP TABLE numbered AS SELECT id, row_number() OVER (ORDER BY slug) AS n
FROM marketplace_aimodel;
CREATE TEMP TABLE wanted AS
SELECT o.id AS tenant, o.n, CASE WHEN o.n <= %(large)s THEN 20000 ELSE 470 END AS many
FROM ordered o;
INSERT INTO marketplace_aimodelgrouppermission (group_id, permission_id, content_object_id)
SELECT DISTINCT g.id, p.id, m.id
FROM wanted w
JOIN LATERAL generate_series(1, w.many) AS k ON true
JOIN numbered m ON m.n = 1 + (w.n * 7919 + k * CASE WHEN w.n <= %(large)s THEN 5 ELSE 211 END)
  %% %(models)s
JOIN auth_permission p
  ON p.codename = (ARRAY['see_aimodel', 'use_aimodel'])[1 + k %% 2]
JOIN auth_group g ON g.name IN ('tenant:' || w.tenant || ':consumer',
  'tenant:' || w.tenant || ':publisher', 'tenant:' || w.tenant || ':owner');
"""


class Crowd:
    """Writes the rows as the owner of the tables, without its own triggers row by row."""

    def __init__(self, owner_url: str):
        self.owner = psycopg.connect(owner_url, autocommit=True)
        self._run(COMPANY)

    def models(self, first: int, last: int) -> None:
        """Models number `first` to `last`, with prices, listed."""
        tables = ("marketplace_aimodel", "tenants_price")
        for table in tables:
            self.owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER shelve")
        self._run(MODELS, first=first, last=last)
        for table in tables:
            self.owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER shelve")

    def permissions(self, models: int) -> int:
        """What the tenants may see and use; the number of rows."""
        table = "marketplace_aimodelgrouppermission"
        self.owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER tell")
        self._run(PERMISSIONS, models=models)
        self.owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER tell")
        self.owner.execute("SELECT marketplace_tell(NULL)")
        self.owner.execute("VACUUM ANALYZE")
        return self.owner.execute(f"SELECT count(*) FROM {table}").fetchone()[0]

    def analyze(self) -> None:
        self.owner.execute("VACUUM ANALYZE")

    def _run(self, statements: str, **more) -> None:
        lists = {"families": FAMILIES, "sizes": SIZES, "tasks": TASKS, "said": SAID, "card": CARD}
        lists |= {"frameworks": FRAMEWORKS, "licences": LICENCES}
        facts = {name: list(values) for name, values in lists.items()}
        facts |= {f"n_{name}": len(values) for name, values in lists.items()}
        facts |= {"tenants": TENANTS, "people": PEOPLE, "large": LARGE, "signature": SIGNATURE}
        facts |= more
        with psycopg.ClientCursor(self.owner) as cursor:
            cursor.execute(statements, facts)
