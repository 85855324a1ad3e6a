"""What is claimed of a ledger, what is not, and against whom: in plain words, for pages."""

from typing import NamedTuple


class Claim(NamedTuple):
    title: str
    text: str


NOT_PROVEN = (
    Claim(
        "That what a trial signs is true",
        "A signature says who said something, and that not a letter was changed since. Whether a scan was read "
        "well, or a date was typed as it was, nobody learns here. Two things that do not go together can be "
        "found, and are reported: a sum that a trial states against its own events, for one.",
    ),
    Claim(
        "That the hub keeps to itself what it is shown",
        "Its operator runs the program that checks sealed values when they come in, and could read them. The hub "
        "can also be slow, turn something away, or decide who comes first when one place is left. It signs what "
        "it turns away for a rule's sake, so a refusal without ground can be held against it.",
    ),
    Claim(
        "That patients cannot be told apart",
        "A case has a number that means nothing. But a member who reads the log sees that some case of a trial "
        "was treated in a cohort on a day, and how much was said of it afterwards. In rare diseases that may be "
        "enough for somebody who knows the patient. Those outside see counts only, and no small ones.",
    ),
    Claim(
        "That what was once seen is forgotten",
        "An erasure destroys the key of what was said, so no copy of the database gives it back, unless somebody "
        "kept an old copy of the keys too. Nor does it reach a person's memory, a printout, a table that somebody "
        "exported, or an old bundle that had the value in it.",
    ),
    Claim(
        "That a page drawn by the hub is right",
        "A hub that lies can draw what it likes. Only what your own program has verified, under keys that you had "
        "from somewhere else, is more than the hub's word: run the audit, and pin the hash of the founding "
        "document.",
    ),
    Claim(
        "That everybody is shown the same history, where few watch",
        "Witnesses who cosign make it hard to show one history here and another there. If an audit asks for half "
        "of them or fewer, each half might have been shown its own. If it asks for none, there is no such "
        "protection, and it says so.",
    ),
)

PROVEN = (
    Claim(
        "Who said it, and that nothing of it was changed",
        "Each event is signed by its trial's node, and names the one before it in the node's stream. Nobody else "
        "can say something in its name, and it cannot deny, change or leave out what it said. A node's keys come "
        "from the founding document, its own rotations and the members' resolutions, all of them in the log.",
    ),
    Claim(
        "That nothing was put in, taken out or moved",
        "The events are leaves of a Merkle tree whose root the hub signs. A receipt proves the place of an event "
        "in it, and each later root is proven to extend those before. A hub that goes back or splits its history "
        "is shown by any two checkpoints that do not fit, and witnesses who cosign look for just that.",
    ),
    Claim(
        "That the numbers follow from the events",
        "An audit plays all events again, by the same rules, and comes to the same digest of the database after "
        "each of them. Each cell names the event that set it, so every number leads back to signatures. A number "
        "that was changed in the hub's tables does not give that digest.",
    ),
    Claim(
        "That the rules were kept",
        "What a rule refuses is in no log that an audit passes: an enrolment without a place, a decision off its "
        "design that no resolution excuses, a key that was no longer in force. The hub signs what it refuses, so "
        "a refusal without ground can be held against it.",
    ),
    Claim(
        "That sealed values are those that were signed, and that withholding changes nothing",
        "The log holds a commitment to each sealed value. Whoever is shown the value can check it against that; "
        "whoever is not comes to the same digest. What is missing must have been erased by an event of its node, "
        "else an audit of a full copy fails.",
    ),
)

THREATS = (
    Claim(
        "A trial's node",
        "It cannot deny or change what it said, speak for another, or date back when the hub received it: "
        "signatures, streams and the hub's time show it. It can sign what is not true.",
    ),
    Claim(
        "Whoever runs the hub, or its database",
        "It cannot change, insert, drop or reorder events, change a number or whose it is, speak for a node, or "
        "found another alliance under the name of this one, without an audit that pins the founding document "
        "failing. With witnesses it cannot show two histories. A copy of its database alone holds no readable "
        "value, for the keys lie apart. It can read what it is shown, and be slow.",
    ),
    Claim(
        "A thief of a node's key",
        "He reads what that node may read, and speaks in its name until the key is replaced, by the node or by "
        "the others' resolution. What was signed since the theft is listed as such, and what he granted grants "
        "nothing. He does not read what other trials sealed.",
    ),
    Claim(
        "A thief of a token, a link or a cookie",
        "A token is for one request to one server, and for minutes. A link logs in once. A session ends when its "
        "key or grant does. Whoever runs the browser or the computer of a member sees what the member sees.",
    ),
    Claim(
        "Somebody to whom access was granted",
        "They see what their role and regimens open, until the day that was set or the revocation, and what is "
        "opened for them is written down. What they have seen they may keep.",
    ),
    Claim(
        "A reader of public numbers",
        "Small counts are hidden, and others with them where a sum would tell; releases come at fixed times, so "
        "that two of them do not differ by one patient. Somebody who knows much besides may still guess.",
    ),
    Claim(
        "Anyone, after an erasure",
        "The hub, its write-ahead files, replicas and backups of its database held ciphertext, and its key is "
        "destroyed. A backup of the key file from before the erasure opens it yet: keep those apart, and shortly.",
    ),
    Claim(
        "A sender of hostile requests",
        "Bodies, depths, counts and requests for each caller are bounded before they cost anything, and no answer "
        "and no line of a log holds a sealed value. Somebody with enough computers can keep a hub from answering: "
        "mirrors go on.",
    ),
)
