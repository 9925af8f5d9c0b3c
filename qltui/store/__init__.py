"""The record: peewee tables, queries and migrations. `Store.open` is the way in; errors are in `qltui.store.errors`."""
