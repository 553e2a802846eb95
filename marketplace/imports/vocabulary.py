"""Many vocabularies onto one: what other catalogues call a task, a licence, a region."""

import re
from datetime import date, datetime

DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?")
POINTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
NAMED = ("%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y", "%d-%b-%Y")
SEVERAL = re.compile(r"[;,|/]")
ABILITIES = {"tools", "reasoning", "hybrid", "vision", "audio", "thinking", "code", "text"}


def plain(text: str) -> str:
    """A word as vocabularies are compared: small letters, hyphens for the rest."""
    return re.sub(r"[\s_\-]+", "-", text.strip().lower())


def _table(text: str) -> dict[str, str]:
    """{what others say: what we say} from lines of `ours: theirs, theirs`."""
    found = {}
    for line in re.sub(r"\n +", " ", text.strip()).split("\n"):
        ours, _, theirs = line.partition(":")
        found |= {plain(word): ours for word in [ours, *theirs.split(",")] if word.strip()}
    return found


BY_TASK = _table("""
chat: conversational, completion-chat, instruct
text-generation: generate, llm, completion, causal-lm, text2text-generation, language-model
vision-language: image-text-to-text, multimodal, vlm, visual-question-answering
text-classification: sentiment-analysis, sentiment
token-classification: token-classify, token-recognition, named-entity-recognition, ner
question-answering: qa, extractive-qa
translation: machine-translation
summarization: summarisation
embedding: embeddings, feature-extraction, sentence-similarity, sentence-transformers,
    text-embedding
reranking: rerank, reranker, text-ranking
image-classification: classification, object-attributes
object-detection: detection, detect
image-segmentation: segmentation, semantic-segmentation, instance-segmentation,
    salient-object-detection, background-matting
image-generation: text-to-image, text2image, image
image-editing: image-to-image, image-inpainting, inpainting, style-transfer, colorization,
    super-resolution
depth-estimation: monocular-depth-estimation
pose-estimation: human-pose-estimation
face-recognition: face-detection
text-recognition: ocr, optical-character-recognition, text-spotting
action-recognition: video-classification
place-recognition:
video-generation: text-to-video, video
speech-to-text: automatic-speech-recognition, speech-recognition, asr, transcript,
    transcription, audio2text
text-to-speech: tts, text2audio
speaker-recognition: speaker-verification, diarization, speaker-diarization
voice-activity-detection: vad
audio-generation: sound-generation, music-generation, audio-transform
audio-classification: sound-classification
tabular-classification:
tabular-regression: regression
time-series-forecasting: time-series, forecasting
recommendation: recommender
""")
BY_LICENCE = _table("""
Apache-2.0: apache-2.0, apache 2.0, apache2, apache license 2.0, apache licence 2.0, apache-2
MIT: mit, mit license, mit licence, the mit license
BSD-3-Clause: bsd-3-clause, bsd 3-clause, bsd3
BSD-2-Clause: bsd-2-clause, bsd 2-clause
GPL-3.0: gpl-3.0, gplv3, gpl 3
LGPL-3.0: lgpl-3.0, lgplv3
AGPL-3.0: agpl-3.0, agplv3
MPL-2.0: mpl-2.0, mpl 2.0
CC0-1.0: cc0-1.0, cc0, cc-zero
CC-BY-4.0: cc-by-4.0, cc by 4.0
CC-BY-SA-4.0: cc-by-sa-4.0, cc by-sa 4.0
CC-BY-NC-4.0: cc-by-nc-4.0, cc by-nc 4.0
CC-BY-NC-SA-4.0: cc-by-nc-sa-4.0, cc by-nc-sa 4.0
Unlicense: unlicense, the unlicense
""")
BY_REGION = _table("""
eu-central: eu-central-1, europe-west3, germanywestcentral, frankfurt
eu-west: eu-west-1, europe-west1, westeurope, ireland
us-east: us-east-1, us-east1, eastus, virginia
""")


def task(text: str) -> tuple[str, list[str], list[str]]:
    """(the task, further words, words on no list) of a cell that may name several.

    `chat;vision;tools` is chat, with vision and tools. A cell with no known word stays as it is.
    """
    words = [word for word in (plain(part) for part in SEVERAL.split(text)) if word]
    known = [BY_TASK[word] for word in words if word in BY_TASK]
    strange = [word for word in words if word not in BY_TASK and word not in ABILITIES]
    main = known[0] if known else " ".join(text.split())[:60]
    further = [word for word in words if word in ABILITIES] if known else []
    return main, list(dict.fromkeys([*known[1:], *further])), strange


def licence(text: str) -> tuple[str, bool]:
    """(the SPDX name, known). A link is no name: the cell says where the terms are."""
    found = BY_LICENCE.get(plain(text))
    if found:
        return found, True
    if text.lower().startswith(("http://", "https://")):
        return "Own terms, see the link", True
    return text, False


def region(text: str) -> str:
    """One of our regions, or nothing."""
    return BY_REGION.get(plain(text), "")


def day(text: str) -> str:
    """A date as 2026-11-23; nothing where day and month are anybody's guess."""
    if found := DATE.fullmatch(text):
        year, month, number = map(int, found.groups())
    elif found := POINTED.fullmatch(text):
        number, month, year = map(int, found.groups())
    else:
        return _named_month(text)
    try:
        return date(year, month, number).isoformat()
    except ValueError:
        return ""


def _named_month(text: str) -> str:
    for shape in NAMED:
        try:
            return datetime.strptime(text, shape).date().isoformat()  # noqa: DTZ007
        except ValueError:
            continue
    return ""
