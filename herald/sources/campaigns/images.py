"""Pictures as written, turned into values with their bytes' hash and their descriptions."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

from herald.composing.credits import asks_for_a_name, spelled
from herald.model.campaign import Image
from herald.model.words import Words
from herald.sources.campaigns.item_shapes import ImageShape
from herald.sources.campaigns.pictures import NoPicture, PictureFile
from herald.sources.campaigns.scope import Scope
from herald.sources.files import is_file
from herald.sources.problems import did_you_mean
from herald.sources.yaml import Loc

NO_CONSENT = "no-consent"
"""The code of an error that keeps its picture's posts back, and its file from nothing else."""
_NOTHING = "nothing is posted with it"
_AS_IT_IS = "a video goes out as it is, with what the camera noted, such as where it was taken"
_EXPORT = "export it without location, if that is nobody's concern"
_ALT = "say in alt: what it shows, for those who cannot see it; or decorative: true"


def image_of(shape: ImageShape | None, loc: Loc, scope: Scope) -> Image | None:
    """Return the picture, or None where there is none or none that can be used."""
    if shape is None:
        return None
    if (shape.file is None) == (shape.url is None):
        scope.error(loc, "bad-image", "a picture is either a file or a url", "write one of them")
        return None
    if shape.file is None:
        return _image(shape, loc, scope, url=shape.url or "")
    return _image_in_file(shape, shape.file, loc, scope)


def note_missing_alt(image: Image | None, written: Words, loc: Loc, scope: Scope) -> None:
    """Warn of languages that have a text but no description of its picture."""
    if image is None or image.decorative or not image.alt:
        return
    lacking = [tag for tag in written.languages if image.alt.get(tag) is None]
    if lacking:
        message = f"the picture has no description (alt) in {', '.join(lacking)}"
        scope.warn(loc, "missing-alt", message, "add it beside the other languages")


def _image_in_file(shape: ImageShape, name: str, loc: Loc, scope: Scope) -> Image | None:
    path = scope.pictures.find(name, scope.folder)
    if path is None:
        message = f'"{name}" leads out of the folder that Herald works on'
        scope.error((*loc, "file"), "file-outside", message, "copy the picture into media/")
        return None
    scope.depend_on(path)
    match scope.pictures.read(path):
        case NoPicture(hint=hint) if not is_file(path):
            _note_missing(name, (*loc, "file"), scope, hint)
            return None
        case NoPicture(message=message, hint=hint):
            scope.error((*loc, "file"), "bad-picture", f'picture "{name}": {message}', hint)
            return None
        case PictureFile() as found:
            shape = _with_shared(shape, scope.pictures.described.get(path))
            file = path.relative_to(scope.pictures.root).as_posix()
            if found.video_bytes:
                scope.warn((*loc, "file"), "video-as-it-is", _AS_IT_IS, _EXPORT)
            return _image(shape, loc, scope, file=file, found=found)


def _image(
    shape: ImageShape,
    loc: Loc,
    scope: Scope,
    *,
    file: str = "",
    url: str = "",
    found: PictureFile | None = None,
) -> Image:
    if not shape.alt and not shape.decorative:
        scope.error(loc, "missing-alt", "this picture has no description", _ALT)
    withheld = _withheld(shape)
    if withheld:
        hint = f"name in consent_ref: where it is kept; until then {_NOTHING}"
        scope.error(loc, NO_CONSENT, withheld, hint)
    if asks_for_a_name(shape.licence or "") and not shape.credit:
        message = f"{spelled(shape.licence or '')} asks to name who made this picture"
        scope.warn(loc, "missing-credit", message, "write the name in credit:")
    return Image(
        file=file,
        url=url,
        alt=scope.words_for_all(shape.alt, (*loc, "alt")),
        decorative=shape.decorative,
        credit=shape.credit or "",
        licence=shape.licence or "",
        sha256=found.sha256 if found else "",
        media_type=found.media_type if found else "",
        video_bytes=found.video_bytes if found else 0,
        withheld=withheld,
    )


def _withheld(shape: ImageShape) -> str:
    """Return why a picture must not be shown; empty where it may."""
    if shape.consent_ref or not (shape.people == "identifiable" or shape.minors):
        return ""
    who = "children" if shape.minors else "people"
    whose = ", their parents' included," if shape.minors else ""
    return f"{who} can be recognised in this picture, and no consent{whose} is on record"


def _note_missing(name: str, loc: Loc, scope: Scope, hint: str) -> None:
    pictures = scope.pictures.nearby(scope.folder)
    near = did_you_mean(PurePosixPath(name).name, pictures)
    if PureWindowsPath(name).drive:
        hint = f"copy it into media/ and write media/{PureWindowsPath(name).name}"
    if near.startswith("did"):
        bare = near.removeprefix('did you mean "').removesuffix('"?')
        hint = f'did you mean "{pictures[bare]}"?'
    scope.error(loc, "missing-file", f'there is no picture "{name}"', hint)


def _with_shared(own: ImageShape, shared: ImageShape | None) -> ImageShape:
    """Return *own* with what it does not say filled in from the media folder's description."""
    if shared is None:
        return own
    said = {name: getattr(own, name) for name in own.model_fields_set}
    return shared.model_copy(update=said)
