"""The tables of what observers decide: mode, observer, cameras, versions of settings and limits, what waits."""

from __future__ import annotations

from peewee import SQL, AutoField, BigIntegerField, FloatField, ForeignKeyField, IntegerField, Model, TextField

from qltui.store.schema_core import Exposure, Product

__all__ = ["CameraSelection", "Cleaning", "Decision", "Held", "SavedVersion"]


class Decision(Model):
    """One thing that was decided and holds until somebody decides otherwise: ``"mode"``, ``"selected limits"``."""

    name = TextField(primary_key=True)
    value = TextField()
    who = TextField(default="")
    time = FloatField()

    class Meta:
        """Names and keys in SQLite."""

        without_rowid = True


class SavedVersion(Model):
    """A dated version of settings or limits; never changed and never deleted."""

    id = AutoField()
    kind = TextField()
    name = TextField()
    version = IntegerField()
    content = TextField()
    digest = TextField()
    author = TextField()
    reason = TextField()
    created = FloatField()

    class Meta:
        """Names and keys in SQLite."""

        table_name = "saved_version"
        indexes = ((("kind", "name", "version"), True),)


class CameraSelection(Model):
    """Cameras that somebody has kept under a name, to be selected again."""

    name = TextField(primary_key=True)
    content = TextField()
    who = TextField(default="")
    time = FloatField()

    class Meta:
        """Names and keys in SQLite."""

        table_name = "camera_selection"
        without_rowid = True


class Held(Model):
    """A revision of an exposure that arrived while the engine was told not to begin anything by itself."""

    exposure = ForeignKeyField(Exposure, primary_key=True, on_delete="CASCADE")
    revision = IntegerField()
    since = FloatField()


class Cleaning(Model):
    """What was removed from the disk, when and for whom."""

    id = AutoField()
    time = FloatField()
    who = TextField()
    kinds = TextField()
    before = FloatField()
    files = IntegerField()
    bytes = BigIntegerField()
    lines = IntegerField()


# Only what is still there is looked through when the disk is to be cleared.
Product.add_index(
    Product.index(Product.created, Product.size, Product.job, where=SQL("removed IS NULL"), name="product_kept")
)
Product.add_index(Product.index(Product.kind, Product.camera, Product.time, where=SQL("fit"), name="product_fit"))
