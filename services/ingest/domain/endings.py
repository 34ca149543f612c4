"""How a sentence ends: what parts a paragraph from a heading or a caption."""

from __future__ import annotations

import re
from typing import Final

# A full stop in any script, what may close behind it, and signs that a post may end in.
SENTENCE_END: Final = re.compile(
    r"[.!?…:;。！？；：؟۔।።։][\"'”’)\]»」』）]*[\s\u2190-\u2bff\ufe0f\u200d\U0001f000-\U0001faff]*$"
)
