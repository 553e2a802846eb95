"""How models are found: folded words of several languages, and narrow rows to list and count."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids

FOLD = """
CREATE FUNCTION public.millwright_fold(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
  SELECT translate(lower(public.unaccent('public.unaccent', $1)), '-_/.:+', '      ')
$$;
CREATE FUNCTION public.millwright_apart(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
  SELECT regexp_replace(regexp_replace($1, '([a-z])([0-9])', '\\1 \\2', 'g'),
    '([0-9])([a-z])', '\\1 \\2', 'g')
$$;
CREATE FUNCTION public.millwright_spelled(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
  SELECT CASE WHEN $1 ~* '[äöü]' THEN public.millwright_fold(
    replace(replace(replace(lower($1), 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue')) ELSE '' END
$$;
CREATE FUNCTION public.millwright_tagged(jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(string_agg(value #>> '{}', ' '), '')
  FROM jsonb_path_query($1, '$.**') AS value WHERE jsonb_typeof(value) = 'string'
$$;
CREATE FUNCTION public.millwright_names(name text, slug text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT to_tsvector('simple', public.millwright_fold(name || ' ' || slug))
      || to_tsvector('english', public.millwright_fold(name || ' ' || slug))
      || to_tsvector('simple', public.millwright_apart(public.millwright_fold(name || ' ' || slug)))
      || to_tsvector('simple', public.millwright_spelled(name))
      || to_tsvector('simple', replace(slug, '-', ''))
$$;
CREATE FUNCTION public.millwright_terms(
  name text, slug text, task text, tags jsonb, summary text, card text
) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT setweight(public.millwright_names(name, slug), 'A')
      || setweight(to_tsvector('simple', public.millwright_fold(task)), 'B')
      || setweight(to_tsvector('english', public.millwright_fold(task)), 'B')
      || setweight(to_tsvector('german', public.millwright_fold(task)), 'B')
      || setweight(to_tsvector('simple', public.millwright_fold(public.millwright_tagged(tags))), 'B')
      || setweight(to_tsvector('english', public.millwright_fold(public.millwright_tagged(tags))), 'B')
      || setweight(to_tsvector('simple', public.millwright_fold(summary)), 'C')
      || setweight(to_tsvector('simple', public.millwright_spelled(summary)), 'C')
      || setweight(to_tsvector('english', public.millwright_fold(summary)), 'C')
      || setweight(to_tsvector('german', public.millwright_fold(summary)), 'C')
      || setweight(to_tsvector('english', public.millwright_fold(left(card, 100000))), 'D')
      || setweight(to_tsvector('german', public.millwright_fold(left(card, 100000))), 'D')
$$;
"""
UNFOLD = """
DROP FUNCTION millwright_terms(text, text, text, jsonb, text, text);
DROP FUNCTION millwright_names(text, text);
DROP FUNCTION millwright_spelled(text);
DROP FUNCTION millwright_tagged(jsonb);
DROP FUNCTION millwright_apart(text);
DROP FUNCTION millwright_fold(text);
"""

WORDS = """
CREATE FUNCTION millwright_words(
  name text, slug text, task text, tags jsonb, summary text, card text
) RETURNS tsvector LANGUAGE sql IMMUTABLE AS $$
  SELECT setweight(to_tsvector('simple', translate(name || ' ' || slug, '-_/.:', '     ')), 'A')
      || setweight(to_tsvector('english', translate(name || ' ' || slug, '-_/.:', '     ')), 'A')
      || setweight(to_tsvector('simple', translate(task, '-_/.:', '     ')), 'B')
      || setweight(to_tsvector('english', translate(task, '-_/.:', '     ')), 'B')
      || setweight(jsonb_to_tsvector('english', tags, '["string"]'), 'B')
      || setweight(to_tsvector('simple', summary), 'C')
      || setweight(to_tsvector('english', summary), 'C')
      || setweight(to_tsvector('english', left(card, 100000)), 'D')
$$;
"""
COST = "(SELECT amount / per * 1000 FROM tenants_price WHERE model_id = {} AND valid_to IS NULL)"
COLUMNS = (
    "model_id, tenant_id, everyone, served, task, framework, licence, stage, data_class, region,"
    " attainment, cost, slug, published_at"
)
SHELVE = f"""
CREATE FUNCTION marketplace_shelve(wanted uuid) RETURNS void LANGUAGE sql AS $$
  INSERT INTO marketplace_entry AS e ({COLUMNS})
  SELECT m.id, m.tenant_id, m.visibility = 'everyone', m.status = 'published', m.task,
    m.framework, m.licence, m.stage, m.data_class, m.region, '', {COST.format("m.id")},
    m.slug, m.published_at
  FROM marketplace_aimodel m
  WHERE m.status IN ('published', 'reference') AND (wanted IS NULL OR m.id = wanted)
  ON CONFLICT (model_id) DO UPDATE SET tenant_id = excluded.tenant_id,
    everyone = excluded.everyone, served = excluded.served, task = excluded.task,
    framework = excluded.framework, licence = excluded.licence, stage = excluded.stage,
    data_class = excluded.data_class, region = excluded.region, cost = excluded.cost,
    slug = excluded.slug, published_at = excluded.published_at
  WHERE (e.tenant_id, e.everyone, e.served, e.task, e.framework, e.licence, e.stage,
      e.data_class, e.region, e.cost, e.slug, e.published_at)
    IS DISTINCT FROM (excluded.tenant_id, excluded.everyone, excluded.served, excluded.task,
      excluded.framework, excluded.licence, excluded.stage, excluded.data_class,
      excluded.region, excluded.cost, excluded.slug, excluded.published_at);
  DELETE FROM marketplace_entry e USING marketplace_aimodel m
  WHERE m.id = e.model_id AND m.status NOT IN ('published', 'reference')
    AND (wanted IS NULL OR m.id = wanted);
$$;
CREATE FUNCTION marketplace_learn(wanted uuid) RETURNS void LANGUAGE sql AS $$
  INSERT INTO marketplace_word (text)
  SELECT DISTINCT word
  FROM marketplace_aimodel m, LATERAL unnest(tsvector_to_array(to_tsvector('simple',
    millwright_fold(concat_ws(' ', m.name, m.slug, m.task, millwright_tagged(m.tags), m.summary))
  ))) AS word
  WHERE (wanted IS NULL OR m.id = wanted) AND length(word) BETWEEN 3 AND 40
    AND word ~ '[^0-9]' AND NOT EXISTS (SELECT FROM marketplace_word w WHERE w.text = word)
  ORDER BY word
  ON CONFLICT DO NOTHING;
$$;
CREATE FUNCTION marketplace_model_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM marketplace_shelve(NEW.id);
  IF TG_OP = 'INSERT' OR (NEW.name, NEW.slug, NEW.task, NEW.tags, NEW.summary)
    IS DISTINCT FROM (OLD.name, OLD.slug, OLD.task, OLD.tags, OLD.summary) THEN
    PERFORM marketplace_learn(NEW.id);
  END IF;
  RETURN NULL;
END $$;
CREATE FUNCTION marketplace_price_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE marketplace_entry e SET cost = {COST.format("NEW.model_id")}
  WHERE e.model_id = NEW.model_id;
  RETURN NULL;
END $$;
CREATE TRIGGER shelve AFTER INSERT OR UPDATE ON marketplace_aimodel
  FOR EACH ROW EXECUTE FUNCTION marketplace_model_moved();
CREATE TRIGGER shelve AFTER INSERT OR UPDATE ON tenants_price
  FOR EACH ROW EXECUTE FUNCTION marketplace_price_moved();
SELECT marketplace_shelve(NULL);
SELECT marketplace_learn(NULL);
"""
UNSHELVE = """
DROP TRIGGER shelve ON tenants_price;
DROP TRIGGER shelve ON marketplace_aimodel;
DROP FUNCTION marketplace_price_moved();
DROP FUNCTION marketplace_model_moved();
DROP FUNCTION marketplace_learn(uuid);
DROP FUNCTION marketplace_shelve(uuid);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("marketplace", "0008_feedback"),
        ("tenants", "0003_statement_certificate"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(FOLD, UNFOLD),
        migrations.RemoveIndex("aimodel", "aimodel_words"),
        migrations.RemoveField("aimodel", "words"),
        migrations.RunSQL(
            "DROP FUNCTION millwright_words(text, text, text, jsonb, text, text);", WORDS
        ),
        migrations.AddField(
            "aimodel",
            "words",
            models.GeneratedField(
                db_persist=True,
                expression=models.Func(
                    *("name", "slug", "task", "tags", "summary", "card"),
                    function="millwright_terms",
                ),
                output_field=django.contrib.postgres.search.SearchVectorField(),
            ),
        ),
        migrations.AddIndex(
            "aimodel",
            django.contrib.postgres.indexes.GinIndex(fields=["words"], name="aimodel_words"),
        ),
        migrations.AddIndex(
            "aimodel",
            django.contrib.postgres.indexes.GinIndex(
                models.Func("name", "slug", function="millwright_names"), name="aimodel_named"
            ),
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                (
                    "model",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="entry",
                        serialize=False,
                        to="marketplace.aimodel",
                    ),
                ),
                ("everyone", models.BooleanField()),
                ("served", models.BooleanField()),
                ("task", models.CharField(max_length=60)),
                ("framework", models.CharField(max_length=60)),
                ("licence", models.CharField(max_length=80)),
                ("stage", models.CharField(max_length=12)),
                ("data_class", models.CharField(max_length=12)),
                ("region", models.CharField(max_length=20)),
                ("attainment", models.CharField(max_length=6)),
                ("cost", models.DecimalField(decimal_places=9, max_digits=24, null=True)),
                ("slug", models.CharField(max_length=80)),
                ("published_at", models.DateTimeField(null=True)),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        to="tenants.tenant",
                        db_index=False,
                        null=True,
                        related_name="+",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["slug"], name="entry_by_slug"),
                    models.Index(fields=["-published_at", "slug"], name="entry_by_age"),
                    models.Index(fields=["cost", "slug"], name="entry_by_cost"),
                    models.Index(fields=["tenant"], name="entry_by_tenant"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Word",
            fields=[("text", models.CharField(max_length=40, primary_key=True, serialize=False))],
            options={
                "default_permissions": (),
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["text"], name="word_trgm", opclasses=["gin_trgm_ops"]
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Synonym",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=portal.core.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "terms",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60), size=None
                    ),
                ),
                ("changed_at", models.DateTimeField(auto_now=True)),
                (
                    "changed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        to=settings.AUTH_USER_MODEL,
                        null=True,
                        related_name="+",
                    ),
                ),
            ],
            options={"ordering": ["terms"], "default_permissions": ()},
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=portal.core.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("name", models.CharField(max_length=60)),
                ("query", models.CharField(blank=True, max_length=2000)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        to=settings.AUTH_USER_MODEL,
                        related_name="saved_views",
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("person", "name"), name="view_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="WantedModel",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=portal.core.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("title", models.CharField(max_length=120)),
                ("need", models.TextField(max_length=2000)),
                ("searched", models.CharField(blank=True, max_length=200)),
                ("expected_calls_per_month", models.PositiveIntegerField(null=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("planned", "Planned"),
                            ("met", "Met"),
                            ("declined", "Declined"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="open",
                        editable=False,
                        max_length=10,
                    ),
                ),
                ("answer", models.TextField(blank=True, max_length=1000)),
                ("answered_at", models.DateTimeField(null=True)),
                (
                    "answered_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        to=settings.AUTH_USER_MODEL,
                        null=True,
                        related_name="+",
                    ),
                ),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.SET_NULL,
                        to="marketplace.aimodel",
                        null=True,
                        related_name="+",
                    ),
                ),
                (
                    "requester",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        to=settings.AUTH_USER_MODEL,
                        related_name="wanted_models",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        to="tenants.tenant",
                        related_name="wanted_models",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "default_permissions": (),
                "indexes": [models.Index(fields=["status", "-id"], name="wanted_by_status")],
            },
        ),
        migrations.RunSQL(SHELVE, UNSHELVE),
    ]
