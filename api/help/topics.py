"""What can be read under /help, in the order of its contents."""

from typing import Literal, NamedTuple

Group = Literal["First steps", "Reference", "Trust"]


class Topic(NamedTuple):
    slug: str
    title: str
    summary: str
    group: Group

    @property
    def is_written(self) -> bool:
        """Whether it is a text of `api/web/help`; else it is drawn from what the code says."""
        return self.group == "First steps" or self.slug == "glossary"


TOPICS: tuple[Topic, ...] = (
    Topic("node", "For a node that posts", "Keys, first events, posting, corrections, erasure.", "First steps"),
    Topic("investigator", "For an investigator", "Find a cohort with a place, and what it shows.", "First steps"),
    Topic("auditor", "For an auditor", "From a number to the signed events, and the audit of all.", "First steps"),
    Topic("industry", "For an industry partner", "What is shown of your own drug, and why not more.", "First steps"),
    Topic("operator", "For an operator", "Found, serve, back up, watch and restore a hub.", "First steps"),
    Topic("glossary", "Words", "One word for each thing.", "Reference"),
    Topic("events", "Event types", "What a node can say: each type, its fields, and what is sealed.", "Reference"),
    Topic("tables", "Tables and columns", "The shared cohort database, and who may see which column.", "Reference"),
    Topic("findings", "Kinds of findings", "What is to be looked at, how much it matters, what to do.", "Reference"),
    Topic("problems", "Problems", "What an error means, and who must act.", "Reference"),
    Topic("commands", "Commands", "Everything that the program does from a command line.", "Reference"),
    Topic("settings", "Settings", "Where each is said, and what it is otherwise.", "Reference"),
    Topic("what-this-proves", "What this proves", "Each of it can be checked by yourself.", "Trust"),
    Topic("trust", "What this does not prove", "In plain words.", "Trust"),
    Topic("threat-model", "Threat model", "Who might do harm, and what stops or shows it.", "Trust"),
    Topic("regulations", "Rules", "What rules for electronic records ask, and what meets them here.", "Trust"),
)
