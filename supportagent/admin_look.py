"""How django-unfold shows the admin. Plain values, since the settings read them before any app is there."""

from typing import Any

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Support agent",
    "SITE_HEADER": "Support agent",
    "SITE_URL": "/workspace/",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SITE_SUBHEADER": "Settings and records",
    "SITE_ICON": "supportagent.admin_menu.mark",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "supportagent.admin_menu.mark"}],
    "STYLES": ["supportagent.admin_menu.style_sheet"],
    "BORDER_RADIUS": "8px",
    "COLORS": {
        # The scale of --brand in static/css/tokens.css.
        "primary": {
            "50": "#eef6f2",
            "100": "#dcebe4",
            "200": "#b9d9cc",
            "300": "#8fdcc3",
            "400": "#5cc4a4",
            "500": "#2f9579",
            "600": "#14594b",
            "700": "#0f4a3e",
            "800": "#0e463b",
            "900": "#173229",
            "950": "#06231c",
        },
        "base": {
            "50": "#f8f7f3",
            "100": "#f0efe8",
            "200": "#e0ded4",
            "300": "#cfcdc1",
            "400": "#8f9c96",
            "500": "#616962",
            "600": "#465049",
            "700": "#35423e",
            "800": "#222d2a",
            "900": "#141b1a",
            "950": "#0d1312",
        },
    },
    "SIDEBAR": {"navigation": "supportagent.admin_menu.navigation"},
}
