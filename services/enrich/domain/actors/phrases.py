"""A noun phrase to who it is: `ISO3[.SECTOR]`, a group, or the owner of what it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.enrich.domain.actors import gazetteer
from services.enrich.domain.actors.cast import Cast
from services.enrich.domain.actors.role import INFERRED, Role, is_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.enrich.domain.actors.gazetteer import Name
    from services.enrich.domain.language.tokens import Sentence
    from services.enrich.domain.lexicon import Lexicon

_MODIFIERS = ("compound", "amod", "nmod", "poss", "nummod", "npadvmod")
_PERSONAL = frozenset({"he", "she", "him", "his", "her", "himself", "herself"})
_NEUTER = frozenset({"it", "its", "they", "their", "them", "itself", "themselves"})
_THEY = frozenset({"they"})
_SINGLE = frozenset({"it", "its", "itself"})  # never takes up a plural: "Greek jets"
_PLURAL = frozenset({"they", "them"})
_FIRST = frozenset({"i", "we", "our", "us", "my", "me", "ours"})
_COUNTRY = frozenset({"country", "nation", "state", "neighbor", "neighbour", "republic"})
_NEIGHBOURS = frozenset({"neighbor", "neighbour", "neighboring", "neighbouring"})
_PARTIES = frozenset({"country", "nation", "side", "state", "government", "neighbor", "neighbour"})
_OTHERS = frozenset("ally partner backer rival foe enemy adversary supporter".split())
_WORLD = frozenset({"community", "world"})
_BELONGING = frozenset({"of", "in", "from", "for", "within", "inside", "to"})
# As in "an al-Qaeda-linked group": who stands before these does not own what comes after.
_TIES = frozenset(
    "linked backed affiliated allied aligned inspired funded supported sponsored supplied".split()
)
_PEOPLE_SECTORS = frozenset({"CVL", "REB", "OPP", "CRM", "LAB", "BUS", "EDU", "MED", "PTY"})


class Scene:
    """One sentence with its names and the article's cast: what phrases are resolved against."""

    def __init__(
        self, sentence: Sentence, names: dict[int, Name], cast: Cast, lexicon: Lexicon, order: int
    ) -> None:
        """Hold the parts together; `order` counts the article's sentences."""
        self.sentence = sentence
        self.names = names
        self.cast = cast
        self.lexicon = lexicon
        self.order = order
        self._known: dict[int, Role | None] = {}

    def forget(self) -> None:
        """Resolve anew from here on: the cast has learned who speaks."""
        self._known.clear()

    def role(self, i: int) -> Role | None:
        """Who the phrase headed by token `i` is, if it is anybody."""
        if i not in self._known:
            self._known[i] = None  # a cycle through an apposition ends here
            self._known[i] = self._resolve(i)
        return self._known[i]

    def roles(self, i: int) -> list[Role]:
        """The phrase and those joined to it, who are somebody; "including" opens a list."""
        found: list[Role] = []
        token = self.sentence.tokens[i]
        if token.lower in _PLURAL and token.tag == "PRP":
            found.extend(self._they(i))
        if token.lemma in _PARTIES:
            found.extend(self._both(i))
        for k in (i, *self._joined(i)):
            for role in (self.role(k), *self._twins(k)):
                if role and all(role.code != other.code for other in found):
                    found.append(role)
        return found

    def _they(self, i: int) -> list[Role]:
        """All who were joined in the subject that "they" takes up, in the same sentence."""
        last = self.cast.last((self.order, i), person=None)
        if last is None or last.place[0] != self.order or last.place[1] == i:
            return []
        several = self.roles(last.place[1])
        return [role._replace(sure=INFERRED) for role in several] if len(several) > 1 else []

    def _both(self, i: int) -> list[Role]:
        """As in "both countries", "the two sides": the two states the sentence has named."""
        s = self.sentence
        words = {s.tokens[k].lower for k in s.kids(i, "det", "nummod", "predet", "quantmod")}
        if not words & {"both", "two"}:
            return []
        named = dict.fromkeys(
            name.code[:3]
            for k, name in sorted(self.names.items())
            if k < i and name.kind != gazetteer.GROUP and is_state(name.code.split(".")[0])
        )
        pair = list(named)
        return [Role(one, i, INFERRED, self._phrase(i)) for one in pair] if len(pair) == 2 else []

    def _twins(self, i: int) -> list[Role]:
        """As in "US and British activists": the same people of the other states joined."""
        s = self.sentence
        role = self.role(i)
        if role is None or i in self.names or s.tokens[i].lemma in _OTHERS:
            return []
        beside = s.kids(i, *_MODIFIERS)
        for prep in s.kids(i, "prep"):
            if s.tokens[prep].lower == "of":  # "the armies of Brazil and Argentina"
                beside += s.kids(prep, "pobj")
        joined = [c for k in beside for c in s.kids(k, "conj") if c in self.names]
        sector = role.code.partition(".")[2]
        codes = [self.names[c].code[:3] for c in joined]
        return [Role(f"{code}.{sector}" if sector else code, i, 1.0, role.text) for code in codes]

    def owner(self, i: int, depth: int = 3) -> Role | None:
        """Whose the thing at token `i` is: its possessor, adjective, or "of" phrase."""
        s = self.sentence
        for k in s.kids(i, "poss", "amod", "compound", "nmod", "npadvmod"):
            role = self._modifier(k)
            if role:
                return role
        if depth:
            for k in s.kids(i, "prep", "agent"):
                if s.tokens[k].lower in {
                    "of",
                    "by",
                    "from",
                    "in",
                    "for",
                    "on",
                    "against",
                    "with",
                    "inside",
                    "within",
                }:
                    for below in s.kids(k, "pobj"):
                        role = self.role(below) or self.owner(below, depth - 1)
                        if role:
                            return role
            for k in s.kids(i, "appos"):
                role = self.owner(k, depth - 1)
                if role:
                    return role
        return None

    def place(self, i: int, depth: int = 3) -> Role | None:
        """The state that the place at token `i` lies in or by: "the waters off Venezuela"."""
        name = self.names.get(i)
        if name and name.kind not in {gazetteer.LEADER, gazetteer.GROUP}:
            return Role(name.code[:3], i, 1.0, self.sentence.tokens[i].text)
        s = self.sentence
        beside = s.kids(i, "poss", "compound", "amod", "nmod", "appos")
        found = self._first_place(beside, 0)
        if found or not depth:
            return found
        after = [below for k in s.kids(i, "prep") for below in s.kids(k, "pobj")]
        deed = s.tokens[i].lemma in self.lexicon.by_noun
        told = s.kids(i, "relcl", "acl") if deed else s.kids(i, "relcl")
        relative = [below for k in told for below in s.subtree(k)]
        return self._first_place(after, depth - 1) or self._first_place(relative, 0)

    def _first_place(self, indices: list[int], depth: int) -> Role | None:
        return next((found for k in indices if (found := self.place(k, depth))), None)

    def _joined(self, i: int) -> list[int]:
        s = self.sentence
        found = []
        todo = [i]
        while todo:
            one = todo.pop()
            listed = [
                k
                for k in s.kids(one, "appos")
                if one != i or (k in self.names and one in self.names)
            ]
            for k in (*s.kids(one, "conj"), *listed):
                found.append(k)
                todo.append(k)
            for k in s.kids(one, "prep"):
                if s.tokens[k].lower == "including":
                    found.extend(s.kids(k, "pobj"))
        return found

    def _modifier(self, k: int) -> Role | None:
        token = self.sentence.tokens[k]
        name = self.names.get(k)
        if name:
            return Role(name.code, k, 1.0, token.text)
        if token.tag == "PRP$":
            return self._pronoun(k)
        if token.dep in {"poss", "compound", "nmod"}:
            return self.role(k)
        for below in self.sentence.kids(k, *_MODIFIERS):
            found = self._modifier(below)
            if found:
                return found
        return None

    def _resolve(self, i: int) -> Role | None:
        token = self.sentence.tokens[i]
        if token.tag in {"PRP", "PRP$"}:
            return self._pronoun(i)
        if token.lemma in _OTHERS and self.sentence.kids(i, "poss"):
            return self._ally(i)
        role = self._by_name(i) or self._by_agent(i) or self._by_neighbourhood(i)
        if role is None and token.is_name:
            role = self._by_title(i)
        return role or self._by_part(i)

    def _ally(self, i: int) -> Role:
        """As in "Turkey's NATO allies": who they are is not whose they are."""
        beside = self.sentence.kids(i, "compound", "amod", "nmod")
        codes = [self.names[k].code for k in beside if k in self.names]
        return Role(codes[0] if codes else "UNK", i, 1.0, self._phrase(i))

    def _by_part(self, i: int) -> Role | None:
        """As in "dozens of supporters", "three of the hostages": who the part is of."""
        token = self.sentence.tokens[i]
        counts = token.tag == "CD" or token.lower in self.lexicon.numbers
        counts = counts or token.lower in self.lexicon.nouns["quantity"]
        if not counts and token.lemma not in self.lexicon.nouns["transparent"]:
            return None
        for k in self.sentence.kids(i, "prep"):
            if self.sentence.tokens[k].lower == "of":
                for below in self.sentence.kids(k, "pobj"):
                    return self.role(below)
        return None

    def somebody(self, i: int) -> Role | None:
        """A stranger: someone named or of a people's noun whom no list knows."""
        token = self.sentence.tokens[i]
        if token.is_name and token.text[:1].isupper():
            home = self._country(i)
            return Role(home or "UNK", i, 1.0, self._phrase(i))
        sector = self._agent(i)
        if sector:
            home = self._country(i)
            return Role(f"{home or 'UNK'}.{sector}", i, 1.0, self._phrase(i))
        return None

    def _by_name(self, i: int) -> Role | None:
        name = self.names.get(i)
        if not name:
            return None
        token = self.sentence.tokens[i]
        code = name.code
        if name.kind == gazetteer.DEMONYM:
            if token.tag in {"NNS", "NNPS"} or (
                token.is_noun and token.text.endswith(("s", "men", "man"))
            ):
                code = f"{name.code}.CVL" if token.text.endswith("s") else name.code
        elif name.kind == gazetteer.LEADER:
            home = next(iter(self._modifying(i)), None)
            if home and home != name.code[:3] and is_state(home):
                code = f"{home}.GOV"
        return Role(code, i, 1.0, self._phrase(i))

    def _by_agent(self, i: int) -> Role | None:
        sector = self._agent(i)
        if sector is None:
            return None
        token = self.sentence.tokens[i]
        home = self._country(i)
        if sector == "CRM":
            return Role(
                f"CRM@{home}" if home and is_state(home) else "CRM", i, 1.0, self._phrase(i)
            )
        if home:
            code = f"{home}.{sector}" if is_state(home) else home
            return Role(code, i, 1.0, self._phrase(i))
        if token.lemma in _COUNTRY or token.lemma in self.lexicon.weak_agents:
            return None
        if sector in _PEOPLE_SECTORS:
            return Role(f"UNK.{sector}", i, 1.0, self._phrase(i))
        return self._implied(i, sector)

    def _implied(self, i: int, sector: str) -> Role:
        """As in "The government", "the president": of the state last acting, else unknown."""
        last = self.cast.last((self.order, i), person=None, state=True)
        definite = any(self.sentence.tokens[k].lower == "the" for k in self.sentence.kids(i, "det"))
        if last and definite:
            return Role(f"{last.code[:3]}.{sector}", i, INFERRED, self._phrase(i))
        return Role(f"UNK.{sector}", i, 1.0, self._phrase(i))

    def _by_neighbourhood(self, i: int) -> Role | None:
        s = self.sentence
        token = s.tokens[i]
        if token.lemma not in _COUNTRY and token.lemma not in _WORLD:
            return None
        words = {s.tokens[k].lower for k in s.kids(i, "amod", "compound", "det", "predet")}
        if token.lemma in _NEIGHBOURS or words & _NEIGHBOURS:
            home = self._country(i) or self._nearest_state(i)
            if home is None:
                last = self.cast.last((self.order, i), person=None, state=True)
                home = last.code[:3] if last else None
            return Role(f"ngb:{home}" if home else "UNK", i, 1.0, self._phrase(i))
        if (token.lemma in _WORLD and "international" in words) or (
            token.lower == "countries" and "all" in words
        ):
            return Role("IGO", i, 1.0, self._phrase(i))
        if token.lower in {"country", "nation"} and "the" in words:
            home = self._country(i)
            if home:
                return Role(home, i, 1.0, self._phrase(i))
            return self._other_state(i)
        return None

    def _other_state(self, i: int) -> Role | None:
        """As in "the Asian country": the last state named that is not the verb's subject."""
        s = self.sentence
        verb = next((up for up in s.ancestors(i) if s.tokens[up].is_verb), None)
        who = s.kid(verb, "nsubj") if verb is not None else None
        acting = self.role(who) if who is not None and who != i else None
        states = [self.names[k].code[:3] for k in sorted(self.names) if k < i]
        others = [
            one for one in states if is_state(one) and (acting is None or one != acting.state)
        ]
        if acting is None and who != i:
            return None
        return Role(others[-1], i, INFERRED, self._phrase(i)) if others else None

    def _nearest_state(self, i: int) -> str | None:
        before = [
            k for k, name in self.names.items() if k < i and len(name.code.split(".")[0]) == 3
        ]
        return self.names[max(before)].code[:3] if before else None

    def _by_title(self, i: int) -> Role | None:
        """A person nobody knows, by title, apposition or an earlier mention."""
        s = self.sentence
        token = s.tokens[i]
        titles = [k for k in s.subtree(i) if k < i and s.tokens[k].dep in _MODIFIERS]
        titles += s.kids(i, "appos")
        sector = next((found for k in reversed(titles) if (found := self._agent(k))), None)
        homes = (self._country(k) for k in (i, *titles)) if sector else iter(())
        home = next((found for found in homes if found), None)
        if sector and home:
            code = f"{home}.{sector}" if is_state(home) else home
            self.cast.learn(token.text, code)
            return Role(code, i, 1.0, self._phrase(i))
        known = self.cast.known(token.text)
        return Role(known, i, 1.0, self._phrase(i)) if known else None

    def _agent(self, i: int) -> str | None:
        """The sector of the agent noun at `i`, the longest phrase first."""
        tokens = self.sentence.tokens
        heads = self.lexicon.agent_heads
        known = tokens[i].lemma in heads or tokens[i].lower in heads
        for size in (2, 1, 0) if known else ():
            if i - size >= 0:
                words = [token.lower for token in tokens[i - size : i]] + [tokens[i].lemma]
                lower = [token.lower for token in tokens[i - size : i + 1]]
                sector = self.lexicon.agents.get(" ".join(words)) or self.lexicon.agents.get(
                    " ".join(lower)
                )
                if sector:
                    return sector
        token = tokens[i]
        if token.lower == "department" and "Justice" in self._phrase(i):
            return "JUD"
        return None

    def _country(self, i: int) -> str | None:
        """The state or group that modifies the phrase at `i`, as ISO3 or the group's code."""
        s = self.sentence
        found = next(iter(self._modifying(i)), None) or self._country_after(i)
        if found is None:
            names = [self.names[k] for k in s.kids(i, "appos") if k in self.names]
            found = names[0].code[:3] if names else None
        return found

    def _modifying(self, i: int) -> Iterator[str]:
        """The states and groups among the modifiers before a noun."""
        s = self.sentence
        before = s.kids(i, *_MODIFIERS)
        for k in sorted(before, key=lambda k: s.tokens[k].tag == "PRP$"):
            if s.tokens[k].lower in _TIES:
                continue
            role = self._modifier(k) if s.tokens[k].tag != "PRP$" else self._pronoun(k)
            if role and not role.code.startswith("UNK"):
                yield role.state or role.tied or role.code

    def _country_after(self, i: int) -> str | None:
        """As in "The president of Venezuela", "officials of the Trump administration"."""
        s = self.sentence
        for k in s.kids(i, "prep"):
            word = s.tokens[k].lower
            if word not in _BELONGING:
                continue
            for below in s.kids(k, "pobj"):
                name = self.names.get(below)
                if name:
                    return name.code if name.kind == gazetteer.GROUP else name.code[:3]
                agent = word in {"of", "from"} and self._agent(below)
                found = self._country(below) if agent else None
                there = self.place(below, 2) if found is None and word in {"of", "in"} else None
                if found or there:
                    return found or (there.state if there else None)
        return None

    def _pronoun(self, i: int) -> Role | None:
        token = self.sentence.tokens[i]
        where = (self.order, i)
        if token.lower in _FIRST:
            speaker = self.cast.speaker
            return Role(speaker.code, i, INFERRED, speaker.text) if speaker else None
        antecedent = self._relative_object(i)
        if antecedent is not None:
            return self.role(antecedent)
        if token.lower in _THEY and self.cast.speaker and self._quoted_by_us(i):
            rival = self.cast.rival(self.cast.speaker.code[:3])
            if rival:
                return Role(rival, i, INFERRED, token.text)
        if token.lower in _PERSONAL:
            found = self.cast.last(where, person=True, other_than=self._acting(i))
        elif token.lower in _NEUTER:
            one = token.lower in _SINGLE
            found = self.cast.last(where, person=False, single=one)
            found = found or self.cast.last(where, person=None, single=one)
        else:
            return None
        return Role(found.code, i, INFERRED, found.text) if found else None

    def _acting(self, i: int) -> str:
        """The subject of the verb that "him" is an object of, and so is not."""
        s = self.sentence
        if s.tokens[i].dep not in {"dobj", "dative"} or s.tokens[i].lower.endswith("self"):
            return ""
        who = s.kid(s.tokens[i].head, "nsubj")
        if who is None and s.tokens[s.tokens[i].head].dep == "conj":
            who = s.kid(s.tokens[s.tokens[i].head].head, "nsubj")
        role = self.role(who) if who is not None and who != i else None
        return role.code if role else ""

    def _relative_object(self, i: int) -> int | None:
        """What "it" stands for in "Y, which they banned and accused it of"."""
        s = self.sentence
        if s.tokens[i].dep != "dobj":
            return None
        verb = s.tokens[s.tokens[i].head]
        relative = s.tokens[verb.head]
        return relative.head if verb.dep == "conj" and relative.dep == "relcl" else None

    def _quoted_by_us(self, i: int) -> bool:
        """Whether the quotation around a "they" also says "us"."""
        text = self.sentence.text
        inside = text.count('"', 0, self.sentence.tokens[i].start - self.sentence.start) % 2 == 1
        return inside and any(token.lower in _FIRST for token in self.sentence.tokens)

    def _phrase(self, i: int) -> str:
        s = self.sentence
        left = [
            k
            for k in s.children[i]
            if k < i and s.tokens[k].dep in (*_MODIFIERS, "det", "quantmod")
        ]
        return s.slice(sorted({i, *(below for k in left for below in s.subtree(k))}))
