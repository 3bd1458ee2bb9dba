"""Every threat to a list of allowed agents that is known, and what here withstands it.

What goes out: `THREATS`, one `Threat` each, A-T1 to A-T37: with the tests that attack gate by it, or the reason why it
is a limit. `differs` says where what gate does is another thing than the first description of the threat asked for,
because the rules of judgement decide otherwise. `test_index` holds it against the tests: each exists and names the
threat in its docstring.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Threat:
    """One threat: its id, what it is, and the tests (a path below tests/, and a name) or a reason."""

    id: str
    threat: str
    tests: tuple[str, ...] = ()
    reason: str = ""
    differs: str = ""


def _own(*names: str) -> tuple[str, ...]:
    return tuple(f"agents/test_threats.py::{name}" for name in names)


THREATS: tuple[Threat, ...] = (
    Threat(
        "A-T1",
        "no claim at all",
        (
            *_own("test_no_claim_is_not_no_agent"),
            "checks/test_agents_check.py::test_no_claim_is_not_the_same_as_no_agent",
        ),
    ),
    Threat("A-T2", "a place that could not be read, taken for an empty one", _own("test_a_failed_place_is_undecided")),
    Threat("A-T3", "claims for some commits only", _own("test_commits_that_nobody_claims_are_missed")),
    Threat(
        "A-T4", "a claim for a commit that is not in this build", _own("test_a_claim_of_another_commit_never_helps")
    ),
    Threat("A-T5", "the same commit through a fork", _own("test_a_claim_of_a_fork_never_helps")),
    Threat("A-T6", "a short or malformed hash", _own("test_a_commit_is_named_whole")),
    Threat("A-T7", "sha1 and gitCommit confused", _own("test_a_sha1_is_a_commit_only_of_git")),
    Threat(
        "A-T8",
        "an agent's work labelled human",
        _own(
            "test_what_hints_at_an_agent_contradicts_a_person",
            "test_a_persons_claim_that_names_a_model_contradicts_itself",
        ),
    ),
    Threat("A-T9", "a record of several authors", _own("test_every_agent_of_a_mixed_record_is_judged")),
    Threat("A-T10", "an unknown or novel word for who wrote it", _own("test_an_author_of_an_unknown_kind_fails")),
    Threat(
        "A-T11", "the tenant writes the claim, the builder merely signs", _own("test_a_place_is_worth_what_is_spelled")
    ),
    Threat(
        "A-T12",
        "an agent's platform signs for itself",
        _own("test_a_platform_vouches_for_its_own_agent_alone", "test_what_a_platform_says_of_others_permits_nothing"),
    ),
    Threat("A-T13", "a good signature by the wrong identity", _own("test_each_class_of_evidence_has_its_own_signers")),
    Threat(
        "A-T14",
        "a second attestation that says otherwise",
        _own("test_accounts_that_disagree_fail", "test_what_both_say_must_agree_and_what_one_omits_need_not"),
    ),
    Threat(
        "A-T15",
        "a flood of junk",
        _own(
            "test_more_claims_than_are_read_are_undecided",
            "test_a_statement_that_is_made_to_cost_costs_little",
            "test_accounts_of_thousands_of_subagents_are_compared_at_once",
        ),
        differs="an exceeded limit is 4, undecided, with its own reason (rule 6), and not a fail; a stranger's junk "
        "below the limit changes nothing (section 5)",
    ),
    Threat("A-T16", "duplicates", _own("test_the_same_claim_twice_is_one", "test_what_is_read_is_counted_as_it_is")),
    Threat(
        "A-T17",
        "JSON with two readings",
        (
            "verification/test_statement.py::test_a_signed_payload_with_duplicate_keys_is_in_doubt",
            *_own("test_a_payload_is_read_strictly"),
        ),
    ),
    Threat("A-T18", "values of another type", _own("test_a_value_of_another_type_is_a_fail")),
    Threat("A-T19", "look-alikes", _own("test_a_look_alike_is_unreadable")),
    Threat(
        "A-T20",
        "several spellings of one agent",
        _own(
            "test_a_spelling_means_an_agent_only_if_the_policy_says_so",
            "test_an_agent_is_denied_by_whatever_it_is_called",
        ),
    ),
    Threat("A-T21", "an ambiguous provider", _own("test_a_provider_that_is_asked_for_is_stated")),
    Threat("A-T22", "floating names of models", _own("test_a_floating_name_matches_no_pattern")),
    Threat(
        "A-T23",
        "patterns that are too broad",
        _own("test_a_pattern_is_anchored_and_bounded"),
        differs="there is one grammar of globs for all of a policy (rule 7): * stops at / and @, not at a colon; "
        "regular expressions are RE2's and anchored, and not refused",
    ),
    Threat(
        "A-T24",
        "versions compared as text",
        _own("test_versions_compare_as_numbers", "test_the_date_behind_a_version_makes_it_no_later_one"),
    ),
    Threat(
        "A-T25",
        "agents one level down",
        _own(
            "test_every_agent_below_an_agent_is_judged",
            "test_a_run_without_a_subagent_of_another_account_disagrees",
            "test_what_a_platform_says_of_others_beside_its_own_agent_is_judged",
        ),
    ),
    Threat("A-T26", "claims in inlined or nested places", _own("test_only_documented_places_are_read")),
    Threat("A-T27", "two places of one document that differ", _own("test_two_places_that_differ_are_a_conflict")),
    Threat(
        "A-T28",
        "a predicate type that is nearly one",
        _own("test_a_type_is_compared_byte_for_byte"),
        differs="an unknown type holds no claims, whatever its keys look like: nothing is read, and nothing warns",
    ),
    Threat("A-T29", "unsigned notes and files as attestations", _own("test_notes_and_traces_only_ever_deny")),
    Threat(
        "A-T30",
        "forged trailers",
        _own(
            "test_trailers_never_allow_and_are_all_read",
            "test_whoever_had_a_part_in_a_squashed_commit_is_found_anywhere",
        ),
    ),
    Threat("A-T31", "an old passing attestation", _own("test_an_old_claim_counts_no_longer_than_the_rule_says")),
    Threat(
        "A-T32",
        "an index's evidence for its entry, or the reverse",
        ("flow/test_entries.py::test_evidence_of_the_index_does_not_count_for_an_entry",),
    ),
    Threat(
        "A-T33",
        "an agent, its operator or the author as reviewer",
        _own(
            "test_a_reviewer_is_somebody_else",
            "test_a_co_author_of_a_squashed_commit_is_no_reviewer_and_whoever_signed_it_off_is",
        ),
    ),
    Threat(
        "A-T34",
        "an approval that is bound to nothing",
        _own("test_an_approval_is_of_the_final_tree", "test_where_there_is_no_head_nobody_reviewed_it"),
    ),
    Threat(
        "A-T35",
        "an empty or mistyped policy",
        _own("test_a_policy_that_says_nothing_is_invalid", "test_no_policy_means_a_known_type_anew"),
        differs="an empty allow list is an invalid policy (section 4), and not one that denies everything",
    ),
    Threat("A-T36", "output that obeys foreign text", _own("test_foreign_text_is_escaped_wherever_it_is_shown")),
    Threat(
        "A-T37",
        "an agent or model found bad later",
        _own("test_a_dated_deny_is_about_the_time_of_signing", "test_a_deny_holds_where_nobody_knows_when"),
    ),
)
