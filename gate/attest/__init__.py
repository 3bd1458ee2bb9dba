"""A git repository -> a provenance predicate that says who wrote its commits: what a producer signs.

What comes in: a repository and a range (foreign data), what the job says of itself, perhaps a predicate to add to. What
goes out: a predicate with `commits[]` as `claims.agents` reads them. It signs nothing, and it vouches for nothing: what
it reads in commits are hints that anybody can write, and whoever signs what it makes vouches for it.

`repository` reads commits through git, `marks` reads what a commit says of agents, `job` is what the one who runs it
says, `authors` decides what is claimed of each, `predicate` writes it down.
"""
