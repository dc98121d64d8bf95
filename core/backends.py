"""Django's permission questions, answered by the policy."""

from django.contrib.auth.backends import ModelBackend


class PolicyBackend(ModelBackend):
    """Signs people in by name and password. Permissions are the policy's, so the stored ones count for nothing."""

    def has_perm(self, user_obj: object, perm: str, obj: object = None) -> bool:
        """No permission comes from Django's tables; admin classes ask the policy themselves."""
        return False

    def has_module_perms(self, user_obj: object, app_label: str) -> bool:
        """Whoever may enter the admin sees the apps; each model decides for itself."""
        return bool(getattr(user_obj, "is_staff", False) and getattr(user_obj, "is_active", False))
