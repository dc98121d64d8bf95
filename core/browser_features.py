"""What a page of ours may use of the device it is shown on: nothing, but what it asks for."""

_FEATURES = ("camera", "geolocation", "microphone", "payment", "usb", "browsing-topics")


def permissions_policy(*allowed: str) -> str:
    """The header's value. A page of another site that frames ours must allow it as well."""
    return ", ".join(f"{name}=({'self' if name in allowed else ''})" for name in _FEATURES)
