"""What the reporter vouches for: the report status of the act at a verb or noun."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.messages import ReportStatus, Telling

if TYPE_CHECKING:
    from services.enrich.domain.language.tokens import Sentence, Token
    from services.enrich.domain.lexicon import Lexicon

S = ReportStatus
_CONDITIONAL = frozenset({"if", "unless", "whether", "should", "lest"})


class Reading:
    """Reads one sentence's statuses with the lexicon's operators."""

    def __init__(self, sentence: Sentence, lexicon: Lexicon) -> None:
        """Hold what is read and by which words."""
        self.s = sentence
        self.lexicon = lexicon

    def of_verb(self, v: int) -> ReportStatus:
        """The status of the act that verb `v` tells."""
        return self._climb(v, self._own(v))

    def of_noun(self, n: int, anchor: int | None) -> ReportStatus:
        """The status of the act that noun `n` names; `anchor` is the verb that carries it out."""
        hedge = self._hedge(n)
        if hedge:
            return hedge
        if anchor is None:
            return self._mentioned(n)
        verb = self.s.tokens[anchor]
        above = self._own(anchor)
        if above is S.ASSERTED and verb.lemma in self.lexicon.operators["ordered"]:
            above = S.ORDERED
        elif above is S.ASSERTED:
            above = self._effect(verb) or S.ASSERTED
        return self._climb(anchor, above)

    def telling(self, i: int, *, noun: bool) -> Telling:
        """How the clause of token `i` stands in its sentence."""
        if noun:
            return Telling.MENTION
        one: int | None = i
        while one is not None:
            dep = self.s.tokens[one].dep
            if dep in {"acl", "relcl", "xcomp"} and self._all_there_is(one):
                return Telling.MAIN
            if dep in {"advcl", "acl", "relcl", "csubj", "pcomp", "amod"} or (
                self._infinitive(one) and self.s.head(one) is not None
            ):
                return Telling.SUBORDINATE
            one = self.s.head(one)
        return Telling.MAIN

    def _all_there_is(self, v: int) -> bool:
        """As in "there were ten soldiers killed", and the headline "Ten soldiers killed"."""
        n = self.s.tokens[v].head
        if self.s.tokens[n].dep == "attr":
            return bool(self.s.kids(self.s.tokens[n].head, "expl"))
        finite = any(k.tag in {"VBD", "VBZ", "VBP", "MD"} for k in self.s.tokens)
        return self.s.head(n) is None and not finite

    def _headline(self, v: int) -> bool:
        """Whether an infinitive below the opening name is all the clause there is."""
        head = self.s.head(v)
        if head is None or head > v or self.s.head(head) is not None or not self._infinitive(v):
            return False
        return not self.s.tokens[head].is_verb and not any(
            k.tag in {"VBD", "VBZ", "VBP", "MD"} for k in self.s.tokens[:v]
        )

    def purpose(self, v: int) -> bool:
        """Whether the verb is a bare purpose: "to strike", under no operator."""
        token = self.s.tokens[v]
        if self._headline(v):
            return False
        if not self._infinitive(v) or token.dep not in {
            "advcl",
            "acl",
            "xcomp",
            "relcl",
            "ccomp",
            "conj",
        }:
            return False
        head = self.s.head(v)
        if head is None:
            return False
        above = self.s.tokens[head]
        if token.dep == "conj":
            return self.purpose(head)
        if token.dep == "advcl":
            return True
        if token.dep in {"acl", "relcl"}:
            return above.lemma not in self.lexicon.nouns["planned"]
        controlled = self.s.kid(head, "dobj") is not None
        known = self._effect(above) or above.lemma in self.lexicon.operators["light"]
        return controlled and not (known or above.lemma in self.lexicon.operators["object_control"])

    def _infinitive(self, v: int) -> bool:
        return self.s.tokens[v].tag == "VB" and any(
            self.s.tokens[k].tag == "TO" for k in self.s.kids(v, "aux")
        )

    def _own(self, v: int) -> ReportStatus:
        """From the verb's own auxiliaries, or those of the verb it is joined to."""
        auxiliaries = [self.s.tokens[k] for k in self.s.kids(v, "aux", "auxpass")]
        negated = self._negated(v)
        for aux in auxiliaries:
            for name in ("hypothetical", "planned", "requested"):
                if aux.lower in self.lexicon.modals[name]:
                    firm = name == "planned" or aux.lower in {"would", "could", "can"}
                    return S.NEGATED if negated and firm else S(name)
        if negated:
            return S.NEGATED
        token = self.s.tokens[v]
        if token.dep == "conj" and not self.s.kids(v, "nsubj", "nsubjpass"):
            head = token.head
            above = self.s.tokens[head]
            if above.is_verb and token.tag in {"VB", above.tag} and not auxiliaries:
                inherited = self._own(head)
                return S.ASSERTED if inherited is S.NEGATED and token.tag != "VB" else inherited
        if any(self.s.tokens[k].lower in _CONDITIONAL for k in self.s.kids(v, "mark", "aux")):
            return S.HYPOTHETICAL
        if self._foretold(v):
            return S.PLANNED
        if token.tag == "VB" and not auxiliaries and token.dep not in {"xcomp", "ccomp"}:
            return self._bare(v)
        return S.ASSERTED

    def _foretold(self, v: int) -> bool:
        """As in the headlines "Aide says Iran to strike", "Iran to strike"."""
        token = self.s.tokens[v]
        alone = token.head == v and self._infinitive(v)
        if alone or self._headline(v):
            return True
        told = self.s.tokens[token.head].lemma in self.lexicon.operators["report"]
        own = bool(self.s.kids(v, "nsubj"))
        return token.dep == "ccomp" and told and own and self._infinitive(v)

    def _bare(self, v: int) -> ReportStatus:
        """A stray infinitive goes with the last modal or "to" before it."""
        for token in reversed(self.s.tokens[:v]):
            if token.tag == "MD":
                return self._modal(token.lower) or S.PLANNED
            if token.tag == "TO":
                above = [k for up in self.s.ancestors(token.head) for k in self.s.kids(up, "aux")]
                weighed = any(self.s.tokens[k].tag == "MD" for k in above)
                return S.HYPOTHETICAL if weighed else S.PLANNED
        return S.ASSERTED

    def _modal(self, word: str) -> ReportStatus | None:
        names = ("hypothetical", "planned", "requested")
        return next((S(name) for name in names if word in self.lexicon.modals[name]), None)

    def _negated(self, v: int) -> bool:
        if self.s.kids(v, "neg") or self._is_too_much(v):
            return True
        subject = self.s.kid(v, "nsubj", "nsubjpass")
        parts = [subject, self.s.kid(v, "dobj")]
        for one in parts:
            if one is None:
                continue
            if self.s.tokens[one].lower in {"nobody", "none", "nothing"}:
                return True
            if any(self.s.tokens[k].lower in {"no", "neither"} for k in self.s.kids(one, "det")):
                return True
        return False

    def _climb(self, v: int, status: ReportStatus) -> ReportStatus:
        """Pass the status of a clause up through the operators above it."""
        one = v
        while True:
            head = self.s.head(one)
            if head is None:
                return status
            token, above = self.s.tokens[one], self.s.tokens[head]
            if token.dep in {"relcl", "parataxis"} or (
                token.dep == "pcomp" and self.s.kids(one, "nsubj")
            ):
                return status
            if token.dep == "advcl" and self._conditional(one):
                return S.HYPOTHETICAL
            if above.is_verb or above.tag in {"MD", "JJ"} or above.dep == "ROOT":
                status = self._through(token, above, head, status)
            elif above.is_noun and token.dep in {"acl", "prep", "pobj", "pcomp"}:
                status = self._under_noun(above, status)
            one = head

    def _conditional(self, v: int) -> bool:
        return any(self.s.tokens[k].lower in _CONDITIONAL for k in self.s.kids(v, "mark", "advmod"))

    def _through(self, token: Token, above: Token, head: int, status: ReportStatus) -> ReportStatus:
        if token.dep == "advcl":
            outer = self._own(head)
            if outer is S.HYPOTHETICAL and self._infinitive(token.i):
                return outer
            if self._infinitive(token.i) and status is S.ASSERTED:
                return S.PLANNED
            return (
                outer
                if status is S.ASSERTED and token.tag == "VBG" and outer is S.HYPOTHETICAL
                else status
            )
        if token.dep == "conj":
            return status
        if token.dep not in {"xcomp", "ccomp", "pcomp", "prep", "pobj", "dobj", "acl"}:
            return status
        rumoured = token.dep == "ccomp" and status is S.ASSERTED and self._is_rumour(head)
        return S.HYPOTHETICAL if rumoured else self._complement(token, above, head, status)

    def _complement(
        self, token: Token, above: Token, head: int, status: ReportStatus
    ) -> ReportStatus:
        """The status of what is said, wanted or begun, through the verb it is the object of."""
        effect = self._effect(above)
        outer = self._own(head)
        if token.dep == "ccomp" and above.lemma in self.lexicon.operators["report"]:
            if outer is S.NEGATED or outer is S.HYPOTHETICAL:
                return outer
            if above.lemma not in self.lexicon.operators["hypothetical"]:
                if status is S.HYPOTHETICAL and self._would(token.i) and above.tag == "VBD":
                    return S.PLANNED
                return status
        return _combine(status, effect, outer)

    def _is_too_much(self, v: int) -> bool:
        """As in "too stretched to attack": it cannot be done."""
        head = self.s.head(v)
        if head is None or not self._infinitive(v):
            return False
        return any(self.s.tokens[k].lower == "too" for k in self.s.kids(head, "advmod"))

    def _is_rumour(self, head: int) -> bool:
        """As in "the rumours were that": what is claimed, and by a noun that says it is no more."""
        who = self.s.kid(head, "nsubj")
        if self.s.tokens[head].lemma != "be" or who is None:
            return False
        below = [k for prep in self.s.kids(who, "prep") for k in self.s.kids(prep, "pobj")]
        doubtful = self.lexicon.nouns["hypothetical"]
        return any(self.s.tokens[k].lemma in doubtful for k in (who, *below))

    def would(self, v: int) -> bool:
        """Whether the verb is told with "would" and no condition."""
        return self._would(v) and not any(
            token.lower in _CONDITIONAL or token.lower == "before" for token in self.s.tokens
        )

    def _would(self, v: int) -> bool:
        return any(self.s.tokens[k].lower in {"would", "'d"} for k in self.s.kids(v, "aux"))

    def _effect(self, above: Token) -> ReportStatus | None:
        lemma = above.lemma
        if lemma == "rule":
            out = any(self.s.tokens[k].lower == "out" for k in self.s.children[above.i])
            if not out:
                return None
            return S.HYPOTHETICAL if self._negated(above.i) else S.NEGATED
        for name in (
            "planned",
            "hypothetical",
            "announced",
            "threatened",
            "requested",
            "offered",
            "denied",
            "negated",
        ):
            if lemma in self.lexicon.operators[name]:
                return S(name)
        if lemma == "order" or lemma in {"authorize", "authorise", "decree", "approve"}:
            return S.ORDERED
        return None

    def _under_noun(self, above: Token, status: ReportStatus) -> ReportStatus:
        if status is not S.ASSERTED:
            return status
        for name in ("planned", "hypothetical"):
            if above.lemma in self.lexicon.nouns[name]:
                return S(name)
        return status

    def _hedge(self, n: int) -> ReportStatus | None:
        for k in self.s.kids(n, "amod", "det", "nmod", "compound"):
            lower = self.s.tokens[k].lower
            for name in ("planned", "hypothetical", "threatened", "denied", "negated"):
                if lower in self.lexicon.hedges[name]:
                    return S(name)
        return None

    def _mentioned(self, n: int) -> ReportStatus:
        """A noun outside its own clause: what stands above it may take the deed away."""
        one = n
        for _ in range(8):
            head = self.s.head(one)
            if head is None:
                break
            token, above = self.s.tokens[one], self.s.tokens[head]
            if above.is_noun:
                for name in ("planned", "hypothetical"):
                    if above.lemma in self.lexicon.nouns[name]:
                        return S(name)
                hedge = self._hedge(head)
                if hedge:
                    return hedge
            if above.is_verb:
                return self._under_verb(token, above, head)
            one = head
        return S.ASSERTED

    def _under_verb(self, token: Token, above: Token, head: int) -> ReportStatus:
        own = self._own(head)
        if token.dep in {"nsubj", "csubj"} and own in {S.PLANNED, S.HYPOTHETICAL}:
            return S.HYPOTHETICAL
        if token.dep in {"dobj", "prep", "nsubjpass", "pobj", "agent"}:
            effect = self._effect(above)
            if effect is not None:
                return _combine(S.ASSERTED, effect, own)
            if own is not S.ASSERTED and token.dep in {"dobj", "nsubjpass"}:
                return own
        if above.dep in {"xcomp", "ccomp", "pcomp", "conj"}:
            return self._climb(head, S.ASSERTED)
        return S.ASSERTED


def _combine(inner: ReportStatus, effect: ReportStatus | None, outer: ReportStatus) -> ReportStatus:
    """The status of a complement, its operator's effect and the operator's own status."""
    if effect is S.NEGATED and outer is S.NEGATED:
        return inner
    if outer is S.NEGATED and effect in {
        None,
        S.PLANNED,
        S.ORDERED,
        S.ANNOUNCED,
        S.THREATENED,
        S.OFFERED,
    }:
        return S.NEGATED
    if effect in {S.NEGATED, S.DENIED}:
        return effect
    if inner in {S.NEGATED, S.DENIED}:
        return inner
    if outer is S.HYPOTHETICAL or inner is S.HYPOTHETICAL:
        return S.HYPOTHETICAL
    if effect is not None:
        return effect
    return outer if inner is S.ASSERTED and outer in {S.PLANNED, S.REQUESTED} else inner
