"""What an observer says of an exposure on the Monitor: a comment, a flag with its reason."""

from __future__ import annotations

from pressing import press


async def test_the_exposure_that_is_shown_is_commented_on_and_flagged(known_app, known_store):
    app = known_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.poll()
        await press(app, pilot, "left_square_bracket")
        shown = app.screen.process.exposure
        await press(app, pilot, "C", "a", *"wind", "enter", "escape", "F", "b", *"no", "enter")
        assert app.current_mode == "monitor"
    exposure = {"instrument": "desi", "night": shown.night, "expid": shown.expid}
    assert [(view.name, dict(view.arguments), view.who) for view in known_store.pending_commands()] == [
        ("comment", {**exposure, "text": "wind"}, "Ann"),
        ("flag", {**exposure, "value": "bad", "reason": "no"}, "Ann"),
    ]


async def test_where_nothing_is_shown_the_keys_say_so(make_app):
    import pictures

    app = make_app(pictures.FakeRecord())
    async with app.run_test(size=(80, 24)) as pilot:
        await press(app, pilot, "C", "F")
        lines = "\n".join("".join(part.text for part in strip) for strip in app.screen._compositor.render_strips())
    app.reader.close()
    assert "there is no exposure to flag" in lines
