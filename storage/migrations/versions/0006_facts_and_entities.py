"""facts and entities"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import storage.types

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fact",
        sa.Column("id", storage.types.BigKey, nullable=False),
        sa.Column("event_at", storage.types.Utc(), nullable=False),
        sa.Column("known_at", storage.types.Utc(), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("ref", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("entity", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("metric", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("value", storage.types.Exact(length=40), nullable=True),
        sa.Column("value_high", storage.types.Exact(length=40), nullable=True),
        sa.Column("bound", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=False),
        sa.Column("said", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(length=30), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=True),
        sa.Column("as_of", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("period", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=True),
        sa.Column("basis", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("publisher", sqlmodel.sql.sqltypes.AutoString(length=120), nullable=False),
        sa.Column("published", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(length=400), nullable=True),
        sa.Column("flag", sqlmodel.sql.sqltypes.AutoString(length=12), nullable=True),
        sa.Column("replaces", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fact")),
        sa.UniqueConstraint("digest", name=op.f("uq_fact_digest")),
    )
    op.create_index(op.f("ix_fact_entity"), "fact", ["entity"])
    op.create_index(op.f("ix_fact_ref"), "fact", ["ref"])
    op.create_table(
        "entity",
        sa.Column("id", storage.types.BigKey, nullable=False),
        sa.Column("event_at", storage.types.Utc(), nullable=False),
        sa.Column("known_at", storage.types.Utc(), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("aliases", sqlmodel.sql.sqltypes.AutoString(length=600), nullable=False),
        sa.Column("part_of", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=True),
        sa.Column("ticker", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=True),
        sa.Column("listed", sa.Date(), nullable=True),
        sa.Column("peers", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entity")),
        sa.UniqueConstraint("digest", name=op.f("uq_entity_digest")),
    )
    op.create_index(op.f("ix_entity_name"), "entity", ["name"])
    op.create_table(
        "draft",
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("words", sqlmodel.sql.sqltypes.AutoString(length=1000), nullable=False),
        sa.Column("made_at", storage.types.Utc(), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", name=op.f("pk_draft")),
    )
    with op.batch_alter_table("rule", schema=None) as batch_op:
        batch_op.add_column(sa.Column("level", storage.types.Exact(length=40), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("rule", schema=None) as batch_op:
        batch_op.drop_column("level")
    op.drop_table("draft")
    op.drop_table("entity")
    op.drop_table("fact")
