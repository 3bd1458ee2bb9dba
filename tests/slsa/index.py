"""SLSA's duties of a verifier, and what here does each of them.

What goes out: `POINTS`, one `Point` for each duty that the specification (v1.2) gives to whoever verifies, in its own
order, with the tests of it or the reason why it is not gate's. `test_index` holds it against the tests themselves: each
named test exists and has the point's id (SLSA-n) in its docstring, and no docstring has an id that is not here.

Where the design decides otherwise, `differs` says so, and the test does too.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """One duty: its number, where the specification has it, what it asks, and its tests or the reason for none."""

    number: int
    where: str
    duty: str
    tests: tuple[str, ...] = ()
    reason: str = ""
    differs: str = ""


PROVENANCE = "checks/test_provenance_check.py::"
SUMMARIES = "checks/test_vsa.py::"
SOURCE = "checks/test_source_track.py::"

POINTS: tuple[Point, ...] = (
    Point(
        1,
        "Verifying artifacts, step 1",
        "a map of (signer, builder.id) to the highest Build level",
        (
            f"{PROVENANCE}test_the_builder_entrys_level_is_what_it_is_worth",
            "policy/test_presets.py::test_a_level_may_only_be_lowered",
        ),
    ),
    Point(
        2,
        "Build provenance, Builder",
        "only specific pairs of signer and builder.id",
        (f"{PROVENANCE}test_signer_and_builder_must_match_one_and_the_same_entry",),
    ),
    Point(
        3,
        "Verifying source, step 1",
        "a map of (signer, verifier.id) to the highest Source level",
        (f"{SOURCE}test_the_level_is_what_it_says_and_no_more_than_its_pair_is_worth",),
    ),
    Point(
        4,
        "VSA, verifier",
        "only specific pairs of signer and verifier.id",
        (f"{SUMMARIES}test_verifier_and_signer_are_a_pair",),
    ),
    Point(
        5,
        "Verifying artifacts, step 1.1",
        "the envelope's signature verifies with the roots; nobody recognised is no evidence",
        (
            f"{PROVENANCE}test_without_an_accepted_signer_and_builder_there_is_no_provenance",
            "verification/test_google.py::test_it_is_evidence_for_its_image_and_as_it_was_signed_alone",
        ),
    ),
    Point(
        6,
        "in-toto, Validation model",
        "the payload is in-toto's, the statement v1",
        (
            "verification/test_statement.py::test_both_versions_of_the_statement_are_read",
            "verification/test_statement.py::test_any_other_version_is_refused",
        ),
        differs="statement v0.1 is read without being asked for: most provenance in the world is in it",
    ),
    Point(
        7,
        "Verifying artifacts, step 1.2",
        "a subject's digest is the artifact's",
        ("verification/test_statement.py::test_a_statement_about_anything_else_is_rejected_for_its_subject",),
    ),
    Point(
        8,
        "Verifying artifacts, step 1.3",
        "the predicate type, byte for byte",
        (
            "claims/test_build_facts.py::test_a_predicate_type_beside_the_three_is_no_provenance",
            "claims/test_build_types.py::test_each_platforms_form_states_its_source",
        ),
        differs="v0.2 and v0.1 are read too, each from its own fields",
    ),
    Point(
        9,
        "Verifying artifacts, step 1.4",
        "the level by the map alone; an unmapped builder is worth 1, no provenance 0",
        (
            f"{PROVENANCE}test_a_signer_without_a_builder_entry_is_worth_one_at_most",
            f"{PROVENANCE}test_a_section_that_could_mean_anything_is_invalid",
        ),
        differs="an unmapped builder is worth 1 if the policy names its signer; a level above 3 is an invalid policy",
    ),
    Point(
        10,
        "Build provenance, Schema",
        "buildType, externalParameters and builder.id are there",
        (f"{PROVENANCE}test_provenance_without_a_builder_or_a_build_type_is_none",),
        differs="an absent externalParameters is an empty one, by the parsing rules",
    ),
    Point(
        11,
        "Verifying artifacts, step 2",
        "builder, source, build type and external parameters are as expected; unknown ones are refused",
        (
            "checks/test_parameters.py::test_an_unknown_external_parameter_is_refused",
            "checks/test_parameters.py::test_an_unknown_build_type_has_no_known_parameters",
            f"{PROVENANCE}test_without_a_ci_certificate_the_predicate_names_the_source",
        ),
        differs='unknown parameters are refused where the policy says parameters = "strict" or lists the others',
    ),
    Point(
        12,
        "Build provenance, BuildDefinition",
        "external parameters are untrusted; dependencies may be a tenant's and need not be all",
        (
            f"{PROVENANCE}test_a_ref_or_commit_that_disagrees_with_the_certificate_fails",
            "checks/test_agents_check.py::test_a_tenants_word_is_no_builders_unless_the_policy_says_so",
        ),
    ),
    Point(
        13,
        "Build provenance, Parsing rules",
        "unknown fields elsewhere are ignored; unset, null and empty are one; extensions only add reasons to deny",
        (
            "claims/test_build_types.py::test_unknown_fields_change_nothing",
            "claims/test_build_types.py::test_unset_and_empty_parameters_are_none",
        ),
    ),
    Point(
        14,
        "Verifying artifacts, step 3",
        "dependencies, if wanted, recursively",
        reason="optional in SLSA: gate judges the image and its commit; what went into it is shown and not fetched",
    ),
    Point(
        15,
        "slsa-verifier on GitHub",
        "source facts from the certificate; old and new extensions agree; a self-hosted runner is another builder",
        (
            f"{PROVENANCE}test_a_certificate_whose_old_and_new_extensions_disagree_proves_nothing",
            f"{PROVENANCE}test_a_predicate_of_another_repository_than_its_certificates_agrees_with_neither",
            f"{PROVENANCE}test_a_self_hosted_runner_is_worth_one_unless_the_builder_says_otherwise",
        ),
    ),
    Point(
        16,
        "VSA, How to verify, 1",
        "its signature, by a configured root",
        (
            f"{SUMMARIES}test_a_summary_that_could_not_be_looked_at_leaves_the_level_open",
            f"{SUMMARIES}test_a_summary_of_a_key_is_as_any_other",
        ),
    ),
    Point(
        17,
        "VSA, How to verify, 2",
        "its subject is the artifact or revision",
        (
            f"{SOURCE}test_a_summary_of_something_else_says_nothing_of_the_commit",
            f"{SOURCE}test_a_summary_about_the_image_says_nothing_of_its_commit_and_the_reverse",
        ),
    ),
    Point(
        18,
        "VSA, How to verify, 3",
        "its predicate type, exactly",
        (f"{SUMMARIES}test_a_summary_is_of_one_predicate_type",),
    ),
    Point(
        19,
        "VSA, How to verify, 4",
        "verifier.id matches who signed",
        (f"{SUMMARIES}test_a_summary_that_lacks_one_thing_counts_for_nothing",),
    ),
    Point(
        20,
        "VSA, How to verify, 5",
        "resourceUri is what was expected",
        (
            f"{SUMMARIES}test_the_images_own_name_is_the_resource",
            f"{SUMMARIES}test_what_is_not_read_as_the_images_name_is_another_resource",
        ),
    ),
    Point(
        21,
        "VSA, How to verify, 6",
        "verificationResult is PASSED",
        (f"{SUMMARIES}test_why_a_summary_does_not_count_is_said",),
    ),
    Point(
        22,
        "VSA, How to verify, 7",
        "verifiedLevels holds what is needed",
        (f"{SUMMARIES}test_a_summary_gives_the_level_that_the_builder_does_not",),
    ),
    Point(
        23,
        "SlsaResult",
        "one level a track; higher implies lower in it alone; unknown SLSA_ values satisfy nothing",
        (
            f"{SUMMARIES}test_each_track_has_its_own_level",
            f"{SOURCE}test_what_names_no_one_level_of_the_source_track_is_none",
        ),
    ),
    Point(
        24,
        "VSA, Fields",
        "policy.uri is there; dependencyLevels and inputAttestations say no more than they say",
        (f"{SUMMARIES}test_a_summary_says_no_more_of_its_inputs_than_it_says",),
    ),
    Point(
        25,
        "Verifying source, step 1",
        "a summary's level is capped by the map",
        (f"{SUMMARIES}test_a_pair_is_worth_what_the_policy_says",),
    ),
    Point(
        26, "Source requirements", "no summary is level 0", (f"{SOURCE}test_a_summary_of_the_commit_gives_its_level",)
    ),
    Point(
        27,
        "Source track, Basics",
        "what the levels 1 to 4 mean",
        (f"{SOURCE}test_the_level_is_what_it_says_and_no_more_than_its_pair_is_worth",),
        differs="the summary says it: whether source provenance is there is not asked",
    ),
    Point(
        28,
        "Source VSA; Verifying source, step 2",
        "gitCommit, resourceUri and fully qualified sourceRefs",
        (
            f"{SOURCE}test_a_summary_of_something_else_says_nothing_of_the_commit",
            f"{SOURCE}test_the_policy_may_say_which_refs_the_commit_must_be_on",
        ),
    ),
    Point(
        29,
        "Source VSA, item 5",
        "level 4 is one, though a list stops at 3",
        (f"{SOURCE}test_the_level_is_what_it_says_and_no_more_than_its_pair_is_worth",),
    ),
    Point(
        30,
        "Additional properties",
        "an organisation's properties are its own",
        (f"{SOURCE}test_what_names_no_one_level_of_the_source_track_is_none",),
    ),
    Point(
        31,
        "Source provenance attestations",
        "formats are each platform's own: only documented ones, from expected issuers",
        reason="gate takes a Source level from summaries alone, whatever provenance the platform keeps behind them",
    ),
    Point(
        32,
        "Architecture options",
        "the commit of the verified build provenance is what is looked up, and the repositories agree",
        (
            f"{SOURCE}test_a_summary_of_the_commit_gives_its_level",
            f"{SOURCE}test_the_head_of_every_provenance_needs_its_own",
        ),
    ),
    Point(
        33,
        "Source roles; Two-party review",
        "a trusted person is a human, so that a robot's approval makes no level 4",
        reason="whoever issues a summary of level 4 answers for who reviewed; that no agent's approval counts where a "
        "rule itself asks for reviewers is the agents check's",
    ),
    Point(
        34,
        "Levels",
        "a level says nothing of who or what wrote the code: two checks",
        (f"{SOURCE}test_a_level_says_nothing_of_who_wrote_the_commit",),
    ),
)
