"""A folder of images and videos, restored to another one that is laid out alike."""

from deblurvid.folder.run import deblur_folder

__all__ = ["deblur_folder"]
