"""Whatever feeds do and wherever a worker is killed: all that stood in a feed comes, none twice."""

from __future__ import annotations

import os
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.fetch.result import Failed, Trouble
from tests.unit.ingest.worlds import URL, WORDS, World, entry, feed, page

MANY = int(os.environ.get("TOCSIN_TEST_EXAMPLES", "100"))  # many more by hand
DOWN = Failed(trouble=Trouble.TIMED_OUT, detail="too slow")


class Killed(RuntimeError):
    """The process is gone at this very call."""


class Mortal:
    """Stands before a store, and dies at the call that it was told, before or after it."""

    def __init__(self, inner, dying):
        self._inner = inner
        self._dying = dying

    def __getattr__(self, name):
        method = getattr(self._inner, name)

        def call(*args, **options):
            self._dying.step()
            answer = method(*args, **options)
            self._dying.step()
            return answer

        return call


class Dying:
    """Counts the steps left to live; None for ever."""

    left = None

    def step(self):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Killed


class MortalWorld(World):
    """A world whose worker can be killed at any step of a poll."""

    def __init__(self):
        self.dying = Dying()
        super().__init__(batch=2, pages=2)

    def restart(self):
        stores = self.state, self.seen, self.bus
        self.state, self.seen = Mortal(self.state, self.dying), Mortal(self.seen, self.dying)
        self.bus = type(
            "Bus", (), {"producer": lambda _: Mortal(stores[2].producer(), self.dying)}
        )()
        super().restart()
        self.state, self.seen, self.bus = stores

    def killed_poll(self, steps):
        """A poll that is killed after so many steps, or comes to its end before; whether it did."""
        self.dying.left = steps
        try:
            self.poll(later=timedelta(hours=2))
        except Killed:
            return True
        finally:
            self.dying.left = None
            self.restart()
        return False


new = st.tuples(st.just("new"), st.integers(1, 3), st.booleans())
edit = st.tuples(st.just("edit"), st.integers(0, 20))
kill = st.tuples(st.just("kill"), st.integers(0, 60), st.booleans())
down = st.just(("down",))
leave = st.tuples(st.just("leave"), st.integers(0, 20))


@settings(max_examples=MANY, deadline=None)
@given(st.lists(st.one_of(new, edit, kill, kill, down, leave), max_size=12))
def test_all_that_stood_in_the_feed_comes_under_one_id_and_nothing_comes_as_two(events):
    world, standing, ever, walls = MortalWorld(), [], {}, 0

    def tell(number, version, thin):
        told = f"{WORDS}, {number * 31} people said in town {number * 97}, version {version}."
        one = entry(number, told[:40] if thin else told, is_summary=thin)
        ever[number] = (version, thin, told)
        world.web[one.link] = page(told + " And more was said of it there. " * 3)
        return one

    for what, *how in events:
        if what == "new":
            count, thin = how
            for _ in range(count):
                standing.insert(0, tell(len(ever) + 1, 0, thin))
        elif what == "edit" and standing:
            place = how[0] % len(standing)
            number = int(standing[place].guid[1:])
            version, thin, _ = ever[number]
            if not thin:  # a page that changes under the same summary is nobody's news
                standing[place] = tell(number, version + 1, thin)
        elif what == "leave" and standing:
            world.web[URL] = feed(*standing)
            world.poll(later=timedelta(hours=2))
            standing.pop(how[0] % len(standing))
        elif what == "down":
            world.web[URL] = DOWN
            world.poll(later=timedelta(hours=2))
        elif what == "kill":
            steps, walled = how
            walls += walled
            pages = {url: told for url, told in world.web.items() if url != URL}
            if walled and walls <= 2:  # a page is tried three times more
                world.web |= dict.fromkeys(pages, DOWN)
            world.web[URL] = feed(*standing)
            world.killed_poll(steps)
            world.web |= pages
    world.web[URL] = feed(*standing)
    for _ in range(3 + len(ever)):
        world.poll(later=timedelta(hours=2))

    said = {}
    for one in world.published:
        assert said.setdefault((one.id, one.revision), one.fingerprint) == one.fingerprint
    newest = {}
    for one in sorted(world.published, key=lambda each: each.revision):
        newest[one.guid] = one
    assert {int(guid[1:]) for guid in newest} == set(ever)
    assert len({one.id for one in world.published}) == len(ever)
    for guid, one in newest.items():
        assert ever[int(guid[1:])][2] in one.text.replace("\n", " ")


def test_a_kill_at_each_step_of_a_poll_of_each_kind():
    hit = 0
    for steps in range(80):
        world = MortalWorld()
        thin = entry(9, "In short.", is_summary=True)
        world.web |= {URL: feed(entry(1), thin, entry(2), entry(3)), thin.link: page()}

        hit += world.killed_poll(steps)
        for _ in range(3):
            world.poll(later=timedelta(hours=2))

        said = {(one.id, one.revision): one.fingerprint for one in world.published}
        assert len(said) == 4
        assert {one.fingerprint for one in world.published} == set(said.values())
    assert hit > 20
