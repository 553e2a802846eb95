"""Which permissions let a role know of a model: kept by the database where either one moves."""

from django.db import migrations, models

KEEP = """
CREATE FUNCTION marketplace_tells(status text, visibility text, permission text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN status IN ('published', 'retired', 'reference')
    THEN visibility <> 'everyone' AND permission IN ('see_aimodel', 'use_aimodel')
    ELSE permission = 'use_aimodel' END
$$;
CREATE FUNCTION marketplace_tell(wanted uuid) RETURNS integer LANGUAGE sql
SET plan_cache_mode = force_custom_plan AS $$
  WITH moved AS (
    UPDATE marketplace_aimodelgrouppermission g SET tells = NOT g.tells
    FROM marketplace_aimodel m, auth_permission p
    WHERE m.id = g.content_object_id AND p.id = g.permission_id
      AND (wanted IS NULL OR g.content_object_id = wanted)
      AND g.tells <> marketplace_tells(m.status, m.visibility, p.codename)
    RETURNING 1
  ) SELECT count(*)::integer FROM moved
$$;
CREATE FUNCTION marketplace_permission_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Nobody moves the model before this transaction ends, and two that give rights do not wait.
  PERFORM FROM marketplace_aimodel WHERE id = NEW.content_object_id FOR SHARE;
  NEW.tells := coalesce((
    SELECT marketplace_tells(m.status, m.visibility, p.codename)
    FROM marketplace_aimodel m, auth_permission p
    WHERE m.id = NEW.content_object_id AND p.id = NEW.permission_id
  ), false);
  RETURN NEW;
END $$;
CREATE FUNCTION marketplace_model_shown() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM marketplace_tell(NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER tell BEFORE INSERT OR UPDATE OF content_object_id, permission_id
  ON marketplace_aimodelgrouppermission FOR EACH ROW EXECUTE FUNCTION marketplace_permission_moved();
CREATE TRIGGER tell AFTER UPDATE OF status, visibility ON marketplace_aimodel
  FOR EACH ROW WHEN ((OLD.status, OLD.visibility) IS DISTINCT FROM (NEW.status, NEW.visibility))
  EXECUTE FUNCTION marketplace_model_shown();
SELECT marketplace_tell(NULL);
"""
LEAVE = """
DROP TRIGGER tell ON marketplace_aimodel;
DROP TRIGGER tell ON marketplace_aimodelgrouppermission;
DROP FUNCTION marketplace_model_shown();
DROP FUNCTION marketplace_permission_moved();
DROP FUNCTION marketplace_tell(uuid);
DROP FUNCTION marketplace_tells(text, text, text);
"""

# A plan for all models, made while there are few, would be kept for one model among very many.
PLAN = """
ALTER FUNCTION marketplace_shelve(uuid) SET plan_cache_mode = force_custom_plan;
ALTER FUNCTION marketplace_learn(uuid) SET plan_cache_mode = force_custom_plan;
"""
UNPLAN = """
ALTER FUNCTION marketplace_shelve(uuid) RESET plan_cache_mode;
ALTER FUNCTION marketplace_learn(uuid) RESET plan_cache_mode;
"""


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0015_one_index_of_roles")]

    operations = [
        migrations.AddField(
            "aimodelgrouppermission",
            "tells",
            models.BooleanField(default=False, db_default=False, editable=False),
        ),
        migrations.RunSQL(PLAN, UNPLAN),
        migrations.RunSQL(KEEP, LEAVE),
        migrations.AddIndex(
            "aimodelgrouppermission",
            models.Index(
                condition=models.Q(("tells", True)),
                fields=["group", "content_object"],
                name="role_is_told",
            ),
        ),
    ]
