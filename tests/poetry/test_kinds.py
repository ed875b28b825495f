"""Which labels name the picture as a whole, and which a thing in it."""

from __future__ import annotations

from gansuite.poetry.kinds import folder_above, kinds_of


def test_the_folder_above_says_what_is_a_scene_then_the_word() -> None:
    names = ["scene/blob/1.png", "weather/x/2.png", "flower/sea/3.png", "a/sea shore/4.png", "b/horse/5.png", "6.png"]
    labels = ["blob", "x", "sea", "sea shore", "horse", ""]
    assert kinds_of(labels, names) == (("blob", "sea shore", "x"), ("horse", "sea"))


def test_a_label_in_several_folders_is_a_scene_where_one_says_so() -> None:
    assert kinds_of(["blob", "blob"], ["object/blob/1.png", "weather/blob/2.png"]) == (("blob",), ())
    assert kinds_of(["blob", "blob"], ["things/blob/1.png", "x/blob/2.png"]) == ((), ("blob",))


def test_the_folder_above_is_that_of_the_deepest_of_its_name() -> None:
    assert folder_above("sea", "sea/scene/sea/1.png") == "scene"
    assert folder_above("sea", "sea/1.png") == ""
    assert folder_above("sea", "lake/1.png") == ""
