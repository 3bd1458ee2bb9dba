"""Every attack that is known of verifiers like this one, and what here withstands it.

What goes out: `GROUPS`, one `Entry` for each advisory or class, with the tests that attack the whole of gate by it, or
the reason why it cannot apply. `test_index` holds it against the tests themselves: each named test exists and has the
id in its docstring, and no docstring of this room has an id that is not here.

P-T1 to P-T24 are the classes; the rest are advisories (CVE, GHSA) and changes without one (project#number).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One attack: its ids, what it was elsewhere, and the tests (a path below tests/, and a name) or a reason."""

    ids: str
    attack: str
    tests: tuple[str, ...] = ()
    reason: str = ""


GROUPS: dict[str, tuple[Entry, ...]] = {
    "Test classes": (
        Entry(
            "P-T1",
            "nothing satisfies a rule",
            tests=("advisories/test_unverified.py::test_no_evidence_satisfies_no_section",),
        ),
        Entry(
            "P-T2",
            "a good signature over a payload that cannot be read",
            tests=(
                "advisories/test_unverified.py::test_a_good_signature_over_what_cannot_be_read_is_no_evidence",
                "advisories/test_unverified.py::test_a_good_signature_over_a_simple_payload_that_cannot_be_read_is_no_evidence",
            ),
        ),
        Entry(
            "P-T3",
            "an attestation counted as a signature",
            tests=("advisories/test_unverified.py::test_an_attestation_is_no_signature",),
        ),
        Entry(
            "P-T4",
            "a log entry of another artifact, signature or signer",
            tests=(
                "advisories/test_binding.py::test_each_part_of_an_entry_is_held_against_the_signature",
                "advisories/test_binding.py::test_the_log_entry_of_something_else_proves_nothing_of_a_key",
                "advisories/test_binding.py::test_the_log_entry_of_something_else_proves_nothing",
                "verification/test_real_instances.py::test_the_material_of_one_attestation_does_not_prove_another",
            ),
        ),
        Entry(
            "P-T5",
            "one witness, signer or key counted twice",
            tests=(
                "advisories/test_binding.py::test_a_witness_that_is_there_twice_is_one",
                "advisories/test_binding.py::test_a_certificate_with_two_timestamps_of_one_ct_log_is_refused",
                "advisories/test_binding.py::test_one_signer_is_one_however_often_it_signed",
                "advisories/test_binding.py::test_one_key_under_two_names_is_one",
                "advisories/test_binding.py::test_one_signature_in_two_roots_is_one",
            ),
        ),
        Entry(
            "P-T6",
            "a signing time outside the window of a certificate, authority, log or key",
            tests=(
                "advisories/test_binding.py::test_every_window_includes_its_ends_and_no_second_more",
                "advisories/test_binding.py::test_the_key_of_a_log_was_in_use_for_a_keys_entry_too",
                "advisories/test_binding.py::test_an_expired_certificate_above_the_signers_counts_without_a_log_too",
                "advisories/test_binding.py::test_a_managed_key_counts_only_while_it_is_valid",
            ),
        ),
        Entry(
            "P-T7",
            "a forged certificate in a timestamp's bag",
            tests=(
                "advisories/test_binding.py::test_a_certificate_in_the_bag_never_stands_in_for_the_authoritys",
                "verification/test_bundle_binding.py::test_a_certificate_in_the_timestamps_bag_does_not_stand_in_for_the_authoritys",
            ),
        ),
        Entry(
            "P-T8",
            "a key in a certificate's place",
            tests=(
                "advisories/test_unverified.py::test_a_public_key_in_the_certificates_place_is_nobodys",
                "advisories/test_unverified.py::test_a_public_key_in_the_annotation_of_a_certificate_is_nobodys",
            ),
        ),
        Entry(
            "P-T9",
            "a version or kind that is not known",
            tests=(
                "advisories/test_binding.py::test_an_entry_of_a_kind_or_version_that_is_not_known_proves_nothing",
                "advisories/test_binding.py::test_a_bundle_of_a_version_that_is_not_known_is_no_evidence",
            ),
        ),
        Entry(
            "P-T10",
            "a body that is not the digest's, or not of the size",
            tests=(
                "advisories/test_wrong_artifact.py::test_the_signed_image_in_the_place_of_another_is_not_verified",
                "advisories/test_wrong_artifact.py::test_what_the_registry_calls_the_image_does_not_count",
                "advisories/test_wrong_artifact.py::test_evidence_that_is_not_what_was_listed_could_not_be_looked_at",
                "advisories/test_wrong_artifact.py::test_evidence_of_another_size_than_was_listed_could_not_be_looked_at",
            ),
        ),
        Entry(
            "P-T11",
            "a document with two readings",
            tests=(
                "advisories/test_wrong_artifact.py::test_an_image_that_is_an_index_too_is_not_judged",
                "advisories/test_wrong_artifact.py::test_an_image_that_is_served_as_an_index_is_not_judged",
                "advisories/test_wrong_artifact.py::test_a_referrer_with_two_readings_is_no_evidence",
            ),
        ),
        Entry(
            "P-T12",
            "a tag that moves between two resolutions",
            tests=(
                "advisories/test_wrong_artifact.py::test_a_tag_that_moves_between_two_answers_misleads_nobody",
                "advisories/test_wrong_artifact.py::test_a_digest_beside_a_tag_decides_alone",
            ),
        ),
        Entry(
            "P-T13",
            "referrers, pages, layers, bytes and nesting without end",
            tests=(
                "advisories/test_endless_data.py::test_referrers_over_the_limit_are_never_the_first_n",
                "advisories/test_endless_data.py::test_pages_without_end_end",
                "advisories/test_endless_data.py::test_layers_over_the_limit_are_never_the_first_n",
                "advisories/test_endless_data.py::test_candidates_of_all_manifests_together_are_bounded",
                "advisories/test_endless_data.py::test_a_blob_that_is_said_to_be_huge_is_not_asked_for",
                "advisories/test_endless_data.py::test_a_body_without_end_is_left_at_its_limit",
                "advisories/test_endless_data.py::test_nothing_is_unpacked",
                "advisories/test_endless_data.py::test_a_server_that_drips_is_left_at_the_deadline",
                "advisories/test_endless_data.py::test_json_that_costs_or_misleads_is_refused_wherever_it_stands",
            ),
        ),
        Entry(
            "P-T14",
            "poison beside good evidence, in any order",
            tests=(
                "advisories/test_classes.py::test_poison_beside_good_evidence_changes_nothing_in_any_order",
                "advisories/test_classes.py::test_any_amount_of_poison_is_no_evidence",
            ),
        ),
        Entry(
            "P-T15",
            "one failed request taken for absence",
            tests=("advisories/test_classes.py::test_no_single_failure_makes_an_image_unsigned_or_signed",),
        ),
        Entry(
            "P-T16",
            "a token realm or redirect that leads elsewhere",
            tests=(
                "advisories/test_classes.py::test_a_realm_that_leads_astray_is_not_asked_and_is_no_absence",
                "advisories/test_classes.py::test_a_redirect_that_leads_astray_is_not_followed_and_is_no_absence",
            ),
        ),
        Entry(
            "P-T17",
            "digests, names and titles used as paths",
            tests=(
                "advisories/test_trust_root.py::test_names_in_metadata_are_no_paths",
                "advisories/test_wrong_artifact.py::test_a_digest_that_is_none_is_never_asked_for",
                "advisories/test_wrong_artifact.py::test_a_name_that_leads_elsewhere_is_no_reference",
                "advisories/test_wrong_artifact.py::test_a_report_goes_to_its_path_and_nowhere_else",
            ),
        ),
        Entry(
            "P-T18",
            "a crash that ends with 0",
            tests=("advisories/test_unverified.py::test_a_crash_is_never_a_pass",),
        ),
        Entry(
            "P-T19",
            "patterns that match look-alikes",
            tests=(
                "advisories/test_classes.py::test_a_name_that_readers_read_differently_matches_no_pattern",
                "advisories/test_classes.py::test_a_name_that_looks_like_the_signers_is_someone_else",
                "advisories/test_classes.py::test_a_dot_in_a_regular_expression_is_any_character_and_the_policy_says_so_itself",
                "advisories/test_classes.py::test_an_issuer_is_compared_whole",
                "advisories/test_classes.py::test_a_certificate_with_more_names_than_one_is_nobodys",
            ),
        ),
        Entry(
            "P-T20",
            "a policy that says less than it seems to",
            tests=(
                "advisories/test_binding.py::test_a_threshold_of_nothing_is_no_threshold",
                "advisories/test_classes.py::test_a_policy_that_says_less_than_it_seems_to_is_none",
                "advisories/test_classes.py::test_a_signer_that_could_be_anyone_is_none",
                "advisories/test_unverified.py::test_no_exception_cancels_a_rule",
            ),
        ),
        Entry(
            "P-T21",
            "configuration from the job's own folder or environment",
            tests=(
                "advisories/test_classes.py::test_neither_the_environment_nor_the_working_directory_decides_what_is_trusted",
                "advisories/test_classes.py::test_no_code_of_the_working_directory_is_run",
            ),
        ),
        Entry(
            "P-T22",
            "a subject that almost matches",
            tests=("advisories/test_classes.py::test_a_subject_that_almost_matches_is_another",),
        ),
        Entry(
            "P-T23",
            "an index's evidence for its child, and the reverse",
            tests=(
                "advisories/test_wrong_artifact.py::test_an_index_that_is_signed_signs_no_child",
                "advisories/test_wrong_artifact.py::test_a_statement_about_the_one_is_none_about_the_other",
            ),
        ),
        Entry(
            "P-T24",
            "an older image that was truly signed",
            tests=(
                "advisories/test_unverified.py::test_an_older_image_that_was_truly_signed_needs_an_age_to_be_refused",
                "advisories/test_unverified.py::test_a_valid_certificate_of_any_age_says_no_more_than_its_time",
            ),
        ),
    ),
    "Accepting what was not verified": (
        Entry(
            "GHSA-fx35-mq7g-6g98",
            "cosign: a raw key in a bundle's certificate field was trusted without chain or identity",
            tests=(
                "advisories/test_unverified.py::test_a_public_key_in_the_certificates_place_is_nobodys",
                "advisories/test_unverified.py::test_a_certificate_that_the_authority_did_not_sign_is_nobodys",
            ),
        ),
        Entry(
            "CVE-2026-39395 GHSA-w6c6-c85g-mmv6",
            "cosign: a payload that did not parse was verified; a new bundle's type was not compared",
            tests=(
                "advisories/test_unverified.py::test_an_attestation_of_another_type_is_none_of_this_type",
                "advisories/test_unverified.py::test_a_good_signature_over_what_cannot_be_read_is_no_evidence",
            ),
        ),
        Entry(
            "CVE-2022-35929 GHSA-vjxv-45g9-9296",
            "cosign: no attestation of the type that was asked for was success",
            tests=("advisories/test_unverified.py::test_an_attestation_of_another_type_is_none_of_this_type",),
        ),
        Entry(
            "CVE-2022-35930 GHSA-739f-hw6h-7wq8",
            "policy-controller: an attestation rule held of an image without any",
            tests=("advisories/test_unverified.py::test_no_evidence_satisfies_no_section",),
        ),
        Entry(
            "CVE-2025-25204 GHSA-fgw4-v983-mgp8",
            "gh: exit code 0 where no attestation matched",
            tests=("advisories/test_unverified.py::test_no_evidence_satisfies_no_section",),
        ),
        Entry(
            "CVE-2026-44310 GHSA-7c37-gx6w-8vc5",
            "gitsign: crafted input ended the program with 0",
            tests=("advisories/test_unverified.py::test_a_crash_is_never_a_pass",),
        ),
        Entry(
            "policy-controller#1971",
            "policy-controller: what one way of discovery found was not verified",
            tests=("advisories/test_unverified.py::test_evidence_found_in_any_place_is_verified",),
        ),
        Entry(
            "kyverno#16336",
            "kyverno: an annotation of the caller's said that the image was verified already",
            tests=("advisories/test_unverified.py::test_what_says_that_it_was_verified_is_verified_all_the_same",),
        ),
        Entry(
            "CVE-2025-29778 GHSA-46mp-8w32-6g94",
            "kyverno: configured patterns of issuer and subject were not read",
            tests=(
                "advisories/test_unverified.py::test_the_key_that_the_rule_names_counts_and_no_other",
                "advisories/test_unverified.py::test_a_signer_of_one_root_is_none_in_another",
                "advisories/test_classes.py::test_a_name_that_looks_like_the_signers_is_someone_else",
                "advisories/test_unverified.py::test_every_condition_on_a_signer_counts",
            ),
        ),
        Entry(
            "GHSA-gg4x-fgg2-h9w9 CVE-2024-48921",
            "kyverno: overlapping exceptions cancelled a policy; anyone could make one",
            tests=("advisories/test_unverified.py::test_no_exception_cancels_a_rule",),
        ),
        Entry(
            "CVE-2024-23332 GHSA-57wx-m636-g3g8",
            "notation: modes that only log, and a registry that answers with an older signed image",
            tests=(
                "advisories/test_unverified.py::test_no_mode_lets_a_failed_check_pass",
                "advisories/test_unverified.py::test_an_older_image_that_was_truly_signed_needs_an_age_to_be_refused",
            ),
        ),
    ),
    "Binding between signature, log, certificate, time and artifact": (
        Entry(
            "CVE-2026-22703 GHSA-whqx-f9j3-ch6m",
            "cosign: any entry of the log was accepted",
            tests=(
                "advisories/test_binding.py::test_the_log_entry_of_something_else_proves_nothing_of_a_key",
                "advisories/test_binding.py::test_the_log_entry_of_something_else_proves_nothing",
            ),
        ),
        Entry(
            "CVE-2022-36056 GHSA-8gw7-4j42-w388",
            "cosign: the same of blobs and their bundles",
            tests=(
                "advisories/test_binding.py::test_the_log_entry_of_something_else_proves_nothing_of_a_key",
                "advisories/test_binding.py::test_the_log_entry_of_something_else_proves_nothing",
                "verification/test_real_instances.py::test_the_material_of_one_attestation_does_not_prove_another",
            ),
        ),
        Entry(
            "CVE-2022-23649 GHSA-ccxc-vr6p-4858",
            "cosign: inclusion in the log was claimed and not proved",
            tests=(
                "advisories/test_binding.py::test_a_checkpoint_is_of_this_tree_by_this_log",
                "advisories/test_binding.py::test_what_is_in_no_log_is_not_signed_unless_the_policy_says_that_there_is_none",
                "advisories/test_binding.py::test_inclusion_is_proved_and_not_claimed",
            ),
        ),
        Entry(
            "CVE-2024-51746",
            "gitsign: the wrong one of several entries was taken",
            tests=("advisories/test_binding.py::test_the_log_entry_of_something_else_proves_nothing",),
        ),
        Entry(
            "CVE-2023-47122",
            "gitsign: the log's keys were asked of the log",
            tests=("advisories/test_binding.py::test_the_keys_of_logs_come_from_the_trust_root_alone",),
        ),
        Entry(
            "CVE-2026-49834 GHSA-9vcr-p3rj-q5q6",
            "sigstore-go: a threshold counted entries and not logs",
            tests=(
                "advisories/test_binding.py::test_a_witness_that_is_there_twice_is_one",
                "advisories/test_binding.py::test_a_certificate_with_two_timestamps_of_one_ct_log_is_refused",
            ),
        ),
        Entry(
            "CVE-2026-54787 GHSA-wqqc-jjcq-vfxm",
            "sigstore-go: the signing time was not held against a managed key's validity",
            tests=("advisories/test_binding.py::test_a_managed_key_counts_only_while_it_is_valid",),
        ),
        Entry(
            "CVE-2026-24122 GHSA-wfqv-66vq-46rm",
            "cosign: an expired intermediate was accepted where the log was skipped",
            tests=(
                "advisories/test_binding.py::test_an_expired_certificate_above_the_signers_counts_without_a_log_too",
            ),
        ),
        Entry(
            "CVE-2026-39984 GHSA-xm5m-wgh2-rrg3",
            "timestamp-authority: the certificate that was checked was not the one that signed",
            tests=(
                "advisories/test_binding.py::test_a_certificate_in_the_bag_never_stands_in_for_the_authoritys",
                "verification/test_bundle_binding.py::test_a_certificate_in_the_timestamps_bag_does_not_stand_in_for_the_authoritys",
            ),
        ),
        Entry(
            "CVE-2025-52556",
            "rfc3161-client: a timestamp was not tied to a trusted authority",
            tests=(
                "advisories/test_binding.py::test_a_timestamp_counts_only_by_an_authority_of_the_root_over_this_signature",
            ),
        ),
        Entry(
            "sigstore-go#600",
            "a message's digest was not held against the artifact",
            tests=("advisories/test_binding.py::test_the_digest_that_a_bundle_states_is_held_against_the_artifact",),
        ),
        Entry(
            "sigstore-python#1652",
            "the same in the library that this gate uses",
            tests=("advisories/test_binding.py::test_the_digest_that_a_bundle_states_is_held_against_the_artifact",),
        ),
        Entry(
            "sigstore-go#611",
            "an entry's digest was not held against the envelope",
            tests=("advisories/test_binding.py::test_each_part_of_an_entry_is_held_against_the_signature",),
        ),
        Entry(
            "sigstore-go#635",
            "a Rekor v2 leaf was not made of what was compared",
            tests=("advisories/test_binding.py::test_the_leaf_is_made_of_the_bytes_that_are_compared",),
        ),
        Entry(
            "sigstore-go#562 sigstore-go#590 sigstore-go#609",
            "three of 2026: unknown entry versions, empty digests, a threshold of 0",
            tests=(
                "advisories/test_binding.py::test_an_entry_of_a_kind_or_version_that_is_not_known_proves_nothing",
                "advisories/test_binding.py::test_a_threshold_of_nothing_is_no_threshold",
                "advisories/test_classes.py::test_a_subject_that_almost_matches_is_another",
            ),
        ),
        Entry(
            "CVE-2024-56138",
            "notation-go: a timestamp authority's revocation was not checked",
            tests=("advisories/test_binding.py::test_every_window_includes_its_ends_and_no_second_more",),
        ),
        Entry(
            "GHSA-r2xv-vpr2-42m9",
            "slsa-verifier: a statement's tag and identity were not held against its signer",
            tests=("advisories/test_binding.py::test_provenance_is_held_against_its_certificate",),
        ),
        Entry(
            "CVE-2025-62375",
            "go-witness: a cloud's instance identity document was not verified",
            reason=(
                "gate reads no identity document of a cloud: who signed is only what a certificate or a key "
                "says, and what a predicate carries inside is its signer's word."
            ),
        ),
        Entry(
            "CVE-2026-44309",
            "gitsign: normalised bytes were verified, and other bytes used",
            tests=(
                "advisories/test_binding.py::test_what_is_read_is_what_was_signed_byte_for_byte",
                "advisories/test_binding.py::test_a_part_that_stands_there_twice_is_refused",
            ),
        ),
        Entry(
            "CVE-2021-41087 GHSA-pmwq-pjrm-6p5r",
            "in-toto-golang: patterns meant something else than in other implementations",
            tests=("advisories/test_binding.py::test_a_glob_means_one_thing",),
        ),
        Entry(
            "CVE-2023-32076",
            "in-toto: configuration was read from the attacker's working directory",
            tests=(
                "advisories/test_classes.py::test_neither_the_environment_nor_the_working_directory_decides_what_is_trusted",
                "advisories/test_classes.py::test_no_code_of_the_working_directory_is_run",
            ),
        ),
        Entry(
            "CVE-2026-22772 CVE-2026-49478",
            "Fulcio: another issuer's word was taken, by a pattern or a redirect",
            tests=("advisories/test_classes.py::test_an_issuer_is_compared_whole",),
        ),
    ),
    "Wrong artifact, time of check and time of use, ambiguity": (
        Entry(
            "CVE-2023-33959 GHSA-xhg5-42rf-296r",
            "notation-go: the registry has one artifact verified and another used",
            tests=("advisories/test_wrong_artifact.py::test_the_signed_image_in_the_place_of_another_is_not_verified",),
        ),
        Entry(
            "CVE-2022-47633 GHSA-m3cq-xcx9-3gvm",
            "kyverno: the tag was resolved a second time",
            tests=("advisories/test_wrong_artifact.py::test_a_tag_that_moves_between_two_answers_misleads_nobody",),
        ),
        Entry(
            "CVE-2023-47630",
            "kyverno: the same, of a digest that was fetched",
            tests=("advisories/test_wrong_artifact.py::test_a_tag_that_moves_between_two_answers_misleads_nobody",),
        ),
        Entry(
            "GHSA-wfqx-gjrf-g28r",
            "crossplane: verified by tag, installed by tag",
            tests=("advisories/test_wrong_artifact.py::test_a_tag_that_moves_between_two_answers_misleads_nobody",),
        ),
        Entry(
            "GHSA-qv35-3gw6-8q4j",
            "regclient: the body was not hashed against the digest that was asked for",
            tests=(
                "advisories/test_wrong_artifact.py::test_the_signed_image_in_the_place_of_another_is_not_verified",
                "advisories/test_wrong_artifact.py::test_what_the_registry_calls_the_image_does_not_count",
                "advisories/test_wrong_artifact.py::test_evidence_that_is_not_what_was_listed_could_not_be_looked_at",
            ),
        ),
        Entry(
            "CVE-2021-41190 GHSA-qq97-vm5h-rrhg GHSA-5j5w-g665-5m35",
            "OCI, distribution, containerd: one document that is an index and an image",
            tests=(
                "advisories/test_wrong_artifact.py::test_an_image_that_is_an_index_too_is_not_judged",
                "advisories/test_wrong_artifact.py::test_an_image_that_is_served_as_an_index_is_not_judged",
                "advisories/test_wrong_artifact.py::test_a_referrer_with_two_readings_is_no_evidence",
            ),
        ),
        Entry(
            "CVE-2024-3727 GHSA-6wvf-f2vw-3425",
            "containers/image: digests that are none became paths",
            tests=(
                "advisories/test_wrong_artifact.py::test_a_digest_that_is_none_is_never_asked_for",
                "advisories/test_wrong_artifact.py::test_a_name_that_leads_elsewhere_is_no_reference",
            ),
        ),
    ),
    "Endless data": (
        Entry(
            "CVE-2023-46737",
            "cosign: signatures without end from a hostile registry",
            tests=(
                "advisories/test_endless_data.py::test_referrers_over_the_limit_are_never_the_first_n",
                "advisories/test_endless_data.py::test_pages_without_end_end",
                "advisories/test_endless_data.py::test_candidates_of_all_manifests_together_are_bounded",
            ),
        ),
        Entry(
            "CVE-2024-29903 CVE-2024-29902",
            "cosign: memory for as many layers, and as large an attachment, as a manifest says",
            tests=(
                "advisories/test_endless_data.py::test_layers_over_the_limit_are_never_the_first_n",
                "advisories/test_endless_data.py::test_a_blob_that_is_said_to_be_huge_is_not_asked_for",
            ),
        ),
        Entry(
            "CVE-2024-45395 sigstore-go#630",
            "sigstore-go: entries and keys without bound, counted only after they were parsed",
            tests=(
                "advisories/test_endless_data.py::test_entries_and_timestamps_are_counted_before_they_are_verified",
                "advisories/test_endless_data.py::test_a_checkpoints_signatures_are_bounded",
            ),
        ),
        Entry(
            "CVE-2023-33957 CVE-2023-33958",
            "notation: many signatures, and a default that was too high",
            tests=(
                "advisories/test_endless_data.py::test_referrers_over_the_limit_are_never_the_first_n",
                "advisories/test_endless_data.py::test_layers_over_the_limit_are_never_the_first_n",
                "advisories/test_endless_data.py::test_candidates_of_all_manifests_together_are_bounded",
                "advisories/test_endless_data.py::test_a_policy_may_bound_it_all_more_tightly",
            ),
        ),
        Entry(
            "CVE-2023-25656",
            "notation-go: `=#` in a distinguished name exhausted memory",
            tests=("advisories/test_endless_data.py::test_a_distinguished_name_is_compared_and_not_parsed",),
        ),
        Entry(
            "CVE-2023-42813 CVE-2023-42814 CVE-2023-42815 CVE-2023-42816",
            "kyverno: a huge manifest, list, signature or predicate",
            tests=(
                "advisories/test_endless_data.py::test_a_body_without_end_is_left_at_its_limit",
                "advisories/test_endless_data.py::test_json_that_costs_or_misleads_is_refused_wherever_it_stands",
                "advisories/test_endless_data.py::test_referrers_over_the_limit_are_never_the_first_n",
                "advisories/test_endless_data.py::test_a_blob_that_is_said_to_be_huge_is_not_asked_for",
            ),
        ),
        Entry(
            "CVE-2024-51491",
            "notation-go: a cache that could not be written failed the verification",
            tests=("advisories/test_endless_data.py::test_a_place_that_cannot_be_written_to_changes_no_verdict",),
        ),
        Entry(
            "CVE-2023-30551",
            "rekor: an archive that unpacks without end",
            tests=("advisories/test_endless_data.py::test_nothing_is_unpacked",),
        ),
        Entry(
            "CVE-2026-48702 CVE-2023-33199 CVE-2026-23831",
            "rekor: a malformed entry ended the program",
            tests=(
                "advisories/test_endless_data.py::test_json_that_costs_or_misleads_is_refused_wherever_it_stands",
                "advisories/test_endless_data.py::test_a_malformed_log_entry_is_a_rejection_and_no_crash",
            ),
        ),
        Entry(
            "CVE-2025-66564 CVE-2025-66506",
            "timestamp-authority, Fulcio: memory by the number of separators in a text",
            tests=(
                "advisories/test_endless_data.py::test_a_name_of_thousands_of_parts_is_compared_in_one_go",
                "advisories/test_endless_data.py::test_a_certificate_of_any_size_is_bounded_before_it_is_parsed",
            ),
        ),
        Entry(
            "CVE-2026-49835",
            "the same once more",
            tests=("advisories/test_endless_data.py::test_a_name_of_thousands_of_parts_is_compared_in_one_go",),
        ),
        Entry(
            "CVE-2026-32280",
            "Go's x509: chains of as many intermediates as the input holds",
            tests=("advisories/test_endless_data.py::test_certificates_that_the_signer_brings_build_no_chain",),
        ),
    ),
    "Trust root (TUF)": (
        Entry(
            "CVE-2022-29173",
            "go-tuf: older metadata in the place of newer",
            tests=(
                "advisories/test_trust_root.py::test_an_older_part_beside_newer_ones_is_refused",
                "advisories/test_trust_root.py::test_a_refresh_that_fails_judges_nothing",
            ),
        ),
        Entry(
            "GHSA-3633-5h82-39pq",
            "go-tuf: one key counted twice toward a threshold",
            tests=("advisories/test_trust_root.py::test_a_threshold_needs_so_many_keys",),
        ),
        Entry(
            "CVE-2026-23992",
            "go-tuf: a threshold of 0",
            tests=("advisories/test_trust_root.py::test_a_threshold_needs_so_many_keys",),
        ),
        Entry(
            "CVE-2024-47534",
            "go-tuf: delegations in another order",
            tests=("advisories/test_trust_root.py::test_what_a_delegate_says_does_not_stand_in_for_the_top",),
        ),
        Entry(
            "CVE-2026-23991",
            "go-tuf: a malformed answer ended the program",
            tests=(
                "advisories/test_trust_root.py::test_metadata_that_is_none_is_an_answer_and_no_crash",
                "advisories/test_trust_root.py::test_a_refresh_that_fails_judges_nothing",
            ),
        ),
        Entry(
            "CVE-2026-24686 CVE-2026-24137 CVE-2021-41131",
            "TUF clients: names of roles and targets as paths",
            tests=("advisories/test_trust_root.py::test_names_in_metadata_are_no_paths",),
        ),
        Entry(
            "CVE-2020-6173 CVE-2020-6174 CVE-2020-15163",
            "python-tuf: endless data, signatures counted twice, the chain of roots",
            tests=(
                "advisories/test_trust_root.py::test_a_new_root_is_signed_by_the_one_before_it",
                "advisories/test_trust_root.py::test_metadata_that_is_none_is_an_answer_and_no_crash",
            ),
        ),
    ),
    "Registry client and secrets": (
        Entry(
            "CVE-2026-48978 GHSA-xf85-363p-868w CVE-2020-15157 CVE-2026-24845 CVE-2026-33540",
            "oras-go, containerd, malcontent, distribution: credentials to whatever realm a registry names",
            tests=(
                "sources/test_login.py::test_a_realm_gets_credentials_on_the_same_host_or_site_alone",
                "sources/test_login.py::test_no_metadata_address_is_asked",
            ),
        ),
        Entry(
            "ggcr#2193 ggcr#2243 ggcr#2291 ggcr#2440",
            "go-containerregistry: a realm at a metadata address, by a redirect, or by a name",
            tests=(
                "sources/test_login.py::test_no_metadata_address_is_asked",
                "sources/test_login.py::test_credentials_do_not_follow_a_realms_redirect",
                "sources/test_login.py::test_a_name_that_leads_to_a_metadata_address_is_not_asked",
            ),
        ),
        Entry(
            "ggcr#2302",
            "go-containerregistry: a fix that was too strict locked registries on private addresses out",
            tests=("sources/test_login.py::test_a_registry_inside_of_a_company_keeps_its_realm_on_its_own_host",),
        ),
        Entry(
            "GHSA-vh4v-2xq2-g5cg CVE-2026-50151 CVE-2026-49349",
            "oras-go, regclient: credentials went along a redirect or to a blob's host",
            tests=("sources/test_login.py::test_credentials_do_not_follow_a_redirect",),
        ),
        Entry(
            "CVE-2025-27403",
            "ratify: a cloud's token was sent to a registry that is not that cloud's",
            tests=("sources/test_login.py::test_a_second_registry_gets_neither_credentials_nor_tokens_of_the_first",),
        ),
        Entry(
            "CVE-2026-48501",
            "gh: its token was sent to a mirror of TUF metadata",
            reason=(
                "gate has no token of its own, and what fetches TUF metadata (gate/trust/fetcher.py) is handed a URL, "
                "a bound and certificate authorities: it knows no registry's credentials that it could send."
            ),
        ),
        Entry(
            "CVE-2026-50162 CVE-2026-50163 CVE-2026-24846",
            "oras-go, malcontent: links within an archive led out of the folder that it was unpacked to",
            reason=(
                "gate unpacks nothing: an image's layers are not fetched, and of oci-archive: members are read into "
                "memory by name, regular files alone (tests/sources/test_tar.py)."
            ),
        ),
    ),
}
