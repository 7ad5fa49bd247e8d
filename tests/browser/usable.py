"""What keeps somebody from using a page: found by axe-core, and by looking at edges, colours and width."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from .conftest import AXE


def faults_of(page: Page, *, large_text: bool = False) -> list[Any]:
    """Return what is wrong with the page as it stands: nothing, for everybody to use it.

    axe-core in light and dark; 320 px (WCAG 2.2, 1.4.10), on wish twice the text (1.4.4); the system's colours.
    """
    page.evaluate(AXE)
    found: list[Any] = violations(page)
    page.emulate_media(color_scheme="dark")
    found += [("dark", one) for one in violations(page, "color-contrast")]
    page.emulate_media(color_scheme="light", forced_colors="active")
    found += [("lost in forced colours", one) for one in page.evaluate(LOST)]
    page.emulate_media(forced_colors="none")
    page.set_viewport_size({"width": 320, "height": 740})
    found += [("wider than 320 px", one) for one in over_the_edge(page)]
    if large_text:
        page.set_viewport_size({"width": 640, "height": 740})
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        found += [("wider with text of 200 %", one) for one in over_the_edge(page)]
    page.set_viewport_size({"width": 360, "height": 740})
    return found


def violations(page: Page, *rules: str) -> list[Any]:
    options = {"runOnly": {"type": "rule", "values": list(rules)}} if rules else {}
    found = page.evaluate("options => axe.run(options)", options)["violations"]
    return [(one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in found]


def over_the_edge(page: Page) -> list[str]:
    """Return what makes the page scroll sideways."""
    found: list[str] = page.evaluate(
        """() => {
          const root = document.documentElement;
          if (root.scrollWidth <= root.clientWidth) return [];
          const over = (node) => {
            const box = node.getBoundingClientRect();
            const isOut = box.right > root.clientWidth + 1 || box.left < -1;
            return isOut && !node.closest(".hs-scroll, .hs-tabs, .hs-hidden");
          };
          const nodes = [...document.querySelectorAll("main *, header *, footer *")].filter(over);
          return ["scrolls", ...nodes.slice(0, 4).map((node) => node.outerHTML.slice(0, 160))];
        }"""
    )
    return found


#: What can be used must be seen when the system chooses the colours: a border, or the browser's own control.
LOST = """() => [...document.querySelectorAll("button, .hs-button, input, select, textarea")]
  .filter((node) => node.type !== 'hidden' && node.checkVisibility())
  .filter((node) => {
    const style = getComputedStyle(node);
    if (Number(style.opacity) < 0.5) return true;
    if (["radio", "checkbox", "file"].includes(node.type)) return false;
    const hasEdge = parseFloat(style.borderTopWidth) >= 1 && style.borderTopStyle !== "none";
    return !hasEdge || style.borderTopColor === style.backgroundColor;
  }).map((node) => node.outerHTML.slice(0, 160))"""
