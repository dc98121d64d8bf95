"""The passages of a release as a worker searches them: found, judged and quoted by the engine."""

import re
from collections.abc import Mapping, Sequence

from agent.engine.engine import Engine
from agent.engine.types import GateResult, Hit
from agent.graph.context import Findings
from agent.graph.state import FoundPassage
from agent.releases.content import ReleaseContent

_OWN_DATA = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:https?://|www\.)\S+|#?\b[A-Za-z]{0,4}-?\d{5,}\b")


class Library:
    """The graph's ``Retrieves``: search, gate and quotation over a release's passages."""

    def __init__(self, engine: Engine, content: ReleaseContent) -> None:
        """Take the thresholds of the release."""
        self._engine = engine
        self._most: int = content.settings["retrieval.passages"]
        self._default: str = content.settings["business.languages"][0]
        self._least_score: float = content.settings["retrieval.least_gate_score"]
        self._matters: dict[str, set[str]] = {}
        for passage in engine.knowledge.passages:
            if passage.slug:
                self._matters.setdefault(passage.language, set()).add(passage.slug)

    def find(self, query: str, *, language: str, topics: Mapping[str, float]) -> Findings:
        """What fits the query; passages in ``language`` come first where one of them answers.

        An article of another language does not answer what the same article in the customer's own does not. A customer's own
        numbers and addresses stand in no article, so they are not searched for.
        """
        query = _OWN_DATA.sub(" ", query).strip() or query
        hits = self._engine.search(query, language=language, k=self._most + 2, topics=topics)
        own = [hit for hit in hits if not hit.cross_language]
        first, judged = own, self.judge(query, own)
        told = self._matters.get(language, set())
        foreign = [
            hit
            for hit in hits
            if hit.cross_language and self._engine.knowledge.passage(hit.passage_id).slug not in told
        ]
        # A quotation in a foreign language is read most easily in the one the business speaks by default.
        for others in ([hit for hit in foreign if self._language(hit) == self._default], foreign):
            if judged.answerable:
                break
            across = self.judge(query, others)
            if across.answerable:
                first, judged = others, across
        ordered = [*first, *(hit for hit in hits if hit not in first)][: self._most]
        return Findings(
            passages=tuple(self._found(query, hit) for hit in ordered),
            answerable=judged.answerable,
            gate_score=judged.score,
        )

    def _language(self, hit: Hit) -> str:
        return self._engine.knowledge.passage(hit.passage_id).language

    def judge(self, query: str, hits: Sequence[Hit]) -> GateResult:
        """Whether the first of the hits answers, by the release's threshold where it names one."""
        result = self._engine.gate(query, hits)
        if self._least_score:
            least = self._least_score
            return GateResult(answerable=bool(hits) and result.score >= least, score=result.score, least=least)
        return result

    def _found(self, query: str, hit: Hit) -> FoundPassage:
        passage = self._engine.knowledge.passage(hit.passage_id)
        judged = self.judge(query, [hit])
        return FoundPassage(
            passage=passage.id,
            article=passage.article_id,
            title=passage.title,
            heading=passage.heading,
            text=passage.text,
            quote=self._engine.extract(query, hit).text,
            focus=passage.text[hit.sentence_start : hit.sentence_end],
            language=passage.language,
            score=round(hit.score, 4),
            vector_score=round(hit.vector_score, 4),
            keyword_score=round(hit.keyword_score, 4),
            coverage=round(hit.evidence.coverage, 4),
            margin=round(hit.margin, 4),
            gate=round(judged.score, 4),
            answers=judged.answerable,
        )
