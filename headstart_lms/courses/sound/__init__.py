"""Sound of a course: what needs a clip, who speaks it, and how it gets into the folder (docs/sound.md)."""
