"""gate beside the real tools: a whole Sigstore on the loopback, whose producers sign and whose verifier is asked too.

What comes in: the Go toolchain, Debian's packages, this checkout. What goes out: one line a comparison, and a closing
line that counts them. It is no part of gate, and gate's own tests need none of it. Run it by `scripts/interop`.

Data flows down this list:

    tally.py        what was compared and how it ended
    tools.py        the real tools, built once and kept outside the tree
    processes.py    commands that end, and servers that are stopped by their process id
    parts.py        parts of the run: at the same time, and in order
    loopback.py     what the lab's own servers are made of
    oidc.py         an OIDC issuer of three shapes;  certificate_log.py: a CT log's one duty
    trust.py        keys and chains, the trusted root and the signing config
    registries.py   registries, and what is put into them by hand;  images.py: images to sign
    lab.py          all of it, running
    produce.py      the images that the real tools sign
    expectation.py  what is asked of an image, in the words of gate and of cosign
    asking.py       how both are asked
    comparisons.py  gate against cosign, image by image
    forged.py       the tests' forge against cosign;  differences.py: where these two differ, and why
    layouts.py      layouts and archives by the tools that write them
    guarded.py      real registries that ask for credentials
    story.py        the agents' story from a git repository to the verdict
"""
