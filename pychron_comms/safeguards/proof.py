"""How it is known where a part stands: what a rule may ask for, and what a read can give."""

from __future__ import annotations

from typing import Any

from pychron_comms.interfaces import PROOFS, IKnowsProof, Source

_RANKS = {source: rank for rank, source in enumerate(PROOFS.values())}
_WORDS = {source: word for word, source in PROOFS.items()}


def words_of(manager: object, told_by: Source) -> dict[str, str]:
    """What a read of each part rests on, in words; nothing where the manager does not tell."""
    if not IKnowsProof.providedBy(manager):
        return {}
    return {part: _word(_least(proof, told_by)) for part, proof in manager.proofs().items()}


def proof_of(call: Any) -> Source | None:
    """What the answer of a read rests on, at best; None where nothing tells.

    A command that asks what was last told proves no more than that, whatever its part could prove.
    """
    if not IKnowsProof.providedBy(call.manager):
        return None
    proof = call.manager.proofs().get(getattr(call, "named", {}).get("valve", ""))
    told_by = getattr(call, "told_by", None)
    return proof if proof is None or told_by is None else _least(proof, told_by)


def check_proof(call: Any, wanted: Source) -> None:
    """ValueError where a read proves less than is wanted. Asks no hardware."""
    proof = proof_of(call)
    if proof is None:
        raise ValueError(f"{call.name} does not tell by what it knows, and {_by(wanted)} is wanted")
    if _rank(proof) < _rank(wanted):
        raise ValueError(f"{call.name} knows it by {_by(proof)}, and {_by(wanted)} is wanted")


def _by(source: Source) -> str:
    return f'"{_word(source)}"'


def _least(*sources: Source) -> Source:
    return min(sources, key=_rank)


def _rank(source: Source) -> int:
    return _RANKS.get(source, -1)


def _word(source: Source) -> str:
    return _WORDS.get(source, source.value)
