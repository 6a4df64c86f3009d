"""What the service answers, for its description in OpenAPI; the fields are checked before they go out."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

Seconds = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class Problem(BaseModel):
    """Why there is no answer."""

    error: str = Field(examples=["not a readable video (Invalid data found when processing input)"])


class About(BaseModel):
    """What an answer is about."""

    content_hash: str = Field(description="SHA-256 of the file.", examples=[_HASH])
    model_version: str = Field(examples=["0123456789abcdef"])
    prediction_id: str = Field(
        description="The same for the same file and model.", examples=["9f86d081884c7d65-0123456789abcdef"]
    )
    warning: str | None = Field(None, description="What could not be read or judged.")


class Classification(About):
    """The labels of a video."""

    label: str = Field(description="The most probable one.", examples=["JumpRope"])
    labels: list[str] | None = Field(None, description="All of them, where a video may have several.")
    probabilities: dict[str, Share] = Field(examples=[{"JumpRope": 0.98, "PushUps": 0.02}])


class Embedding(About):
    """A video as a vector: similar videos have similar ones."""

    embedding: list[float] = Field(examples=[[0.12, -0.03, 0.99]])


class Span(BaseModel):
    """A part of a video."""

    start_seconds: Seconds
    end_seconds: Seconds


class Segment(Span):
    """A part that was judged at once, and its most probable label."""

    label: str
    probability: Share


class Tag(Span):
    """What is seen in a part."""

    name: str = Field(examples=["dog"])
    kind: Literal["label", "group", "object"] = Field(
        description="A label of the model, an object of ImageNet, or a group of these."
    )
    confidence: Share = Field(description="Mean probability.")
    peak: Share


class Tags(About):
    """What is seen and when."""

    duration_seconds: Seconds
    tags: list[Tag]
    timeline: list[Segment]
    shots: list[Span]
    no_objects: str | None = Field(None, description="Why no objects are named.")


class Reason(Span):
    """A rule of the policy that holds."""

    about: str = Field(examples=["nsfw"])
    action: Literal["allow", "review", "block"]
    name: str
    score: float
    text: str


class Verdict(About):
    """What the moderation policy says."""

    action: Literal["allow", "review", "block"]
    reasons: list[Reason]
    review_id: str | None = Field(None, description="Names the video in the review queue.")
    decision: Literal["allow", "block"] | None = Field(None, description="What a person decided before.")


class KeyFrame(BaseModel):
    """A moment that stands for a part of the video."""

    time_seconds: Seconds
    image: str = Field(description="A JPEG as data URL.")


class Summary(About):
    """A video in short."""

    text: str
    language: Literal["en", "zh"]
    shots: list[Span]
    key_frames: list[KeyFrame]
    storyboard: str = Field(description="A PNG as data URL.")
    files: list[str] | None = Field(None, description="Of a job: what GET /jobs/{id}/files/ has.")


class Remade(BaseModel):
    """A video that was made of another."""

    content_hash: str = Field(description="SHA-256 of the file that was sent.", examples=[_HASH])
    width: int
    height: int
    num_frames: int
    files: list[str] = Field(
        description="What GET /jobs/{id}/files/ has: the video.", examples=[["enhanced.mp4"]]
    )
    warning: str | None = Field(None, description="What differs from what was sent beside the pictures.")


class Moment(BaseModel):
    """A moment that spoke for the label, and what did so in it."""

    time_seconds: Seconds
    importance: float = Field(description="In log odds of the label.")
    image: str = Field(description="The frame as JPEG data URL; what counted is coloured.")


class Explanation(About):
    """What the label hung on."""

    label: str
    probability: Share
    frames: list[Moment]


class Found(BaseModel):
    """A video of the index."""

    video: str
    similarity: float | None = Field(None, description="To the example, at most 1.")
    labels: list[str]
    tags: list[str]


class SearchResults(BaseModel):
    """Videos, the nearest first."""

    results: list[Found]
    content_hash: str | None = Field(None, description="Of the example.")
    model_version: str | None = None
    prediction_id: str | None = None


class Recommended(BaseModel):
    """A video to be watched next."""

    video: str
    relevance: float
    because: str | None = Field(None, description="The watched video that spoke most for it.")


class Recommendations(BaseModel):
    """Videos, the best first."""

    user: str | None = None
    num_watched: int
    num_unknown: int
    results: list[Recommended]
    model_version: str


class Receipt(BaseModel):
    """A correction that is kept."""

    feedback_id: str
    content_hash: str
    prediction_id: str = Field(description="Of what is corrected.")
    labels: list[str]
    received: str = Field(description="ISO 8601, UTC.")


class Job(BaseModel):
    """Work on a long video."""

    job_id: str
    task: Literal["classify", "tag", "moderate", "summarize", "enhance", "stylize"]
    status: Literal["queued", "running", "done", "failed", "cancelled"]
    progress: Share
    submitted: str
    started: str | None = None
    finished: str | None = None
    error: str | None = None


class Lineage(BaseModel):
    """What the model is and what it was made from."""

    model_version: str
    registry_version: str | None = Field(description="In the registry that the service follows.")
    variant: str = Field(description="Which of the compressed networks answers.", examples=["onnx-int8"])
    labels: list[str]
    several_labels: bool
    lineage: dict[str, Any] = Field(description="SHA-256 of everything that the model was made from.")
    served_from: str


class Capabilities(BaseModel):
    """What jobs can make of a video here, which depends on the packages that are installed."""

    scales: list[int] = Field(description="How many times as large.", examples=[[1, 2, 4]])
    styles: list[str] = Field(description="What it can be painted in.", examples=[["fresco", "woodcut"]])


class Health(BaseModel):
    """That the service is alive."""

    status: Literal["ok"]
    model_version: str
