"""`[rules.agents]` -> `AgentsSection`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gate.policy.model import ANY, AgentsSection, Coverage, Trust

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gate.policy.reading import KeyPath
    from gate.policy.sections import Definitions


def read_agents(table: Mapping[str, Any], at: KeyPath, to: Definitions) -> AgentsSection:
    """Which agents, and what silence means (rules 14 to 19)."""
    allow = table["allow"]
    if allow != "any" and "any" in allow:
        to.reader.any_in_a_list((*at, "allow"))
        allow = [name for name in allow if name != "any"]
    return AgentsSection(
        allow=ANY if allow == "any" else to.reader.names(allow, "agents", (*at, "allow")),
        humans=table.get("humans") == "allow",
        unclaimed=table.get("unclaimed") == "allow",
        mixed=table.get("mixed") == "allow",
        signers=to.reader.names(table.get("signers", ()), "signers", (*at, "signers")),
        min_trust=Trust[table.get("min-trust", "builder").upper()],
        coverage=Coverage(table.get("coverage", Coverage.LISTED)),
    )
