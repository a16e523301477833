"""ends of memberships"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BEGAN = "uq_sector_member_symbol_sector_since_source"
BEGAN_OR_ENDED = "uq_sector_member_symbol_sector_since_known_at_source"


def upgrade() -> None:
    with op.batch_alter_table("sector_member", schema=None) as batch_op:
        batch_op.drop_constraint(op.f(BEGAN), type_="unique")
        batch_op.create_unique_constraint(
            op.f(BEGAN_OR_ENDED), ["symbol", "sector", "since", "known_at", "source"]
        )


def downgrade() -> None:
    op.execute(
        "DELETE FROM sector_member WHERE id NOT IN "
        "(SELECT min(id) FROM sector_member GROUP BY symbol, sector, since, source)"
    )
    with op.batch_alter_table("sector_member", schema=None) as batch_op:
        batch_op.drop_constraint(op.f(BEGAN_OR_ENDED), type_="unique")
        batch_op.create_unique_constraint(op.f(BEGAN), ["symbol", "sector", "since", "source"])
