"""The doors platforms knock on, as views. What comes in goes through ``integrations.intake``, which the quick door uses too."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from core.negotiation import OneAnswer
from integrations import intake, keys
from integrations.exceptions import InvalidChallenge, KeysUnavailable
from integrations.platforms import PLATFORMS, challenges
from integrations.platforms.base import AppKey


class OnlyJson(OneAnswer):
    """Whatever the sender says it accepts, it gets JSON: a 406 would only make it send again."""

    def select_parser(self, request: Request, parsers: object) -> None:
        """None: the door reads the raw bytes itself."""


class PlatformDoor(APIView):
    """Takes in what one platform sends. Authentic traffic is never refused for its rate or its content.

    ``client_key`` is in the address where each account has one of its own.
    """

    authentication_classes = []
    permission_classes = []
    throttle_classes = []
    parser_classes = []
    renderer_classes = [JSONRenderer]
    content_negotiation_class = OnlyJson
    http_method_names = ["get", "head", "post"]
    platform_name = ""

    def get(self, request: Request, scope: str = "") -> HttpResponse:
        """Whoever sets up the webhook may look whether somebody is there. Needs no database once the keys are known.

        It is asked for newer ones all the same, and waited for a second at most (``keys.LOOK_SECONDS``).
        """
        platform = PLATFORMS[self.platform_name]

        def known() -> tuple[AppKey, ...]:
            # An app may be new: whoever adds one has it looked at in the same minute.
            keys.reread(platform.name)
            return intake.keys_at(platform, scope)

        try:
            return JsonResponse(platform.answer_challenge(request.GET.dict(), known))
        except InvalidChallenge as problem:
            return _response(intake.refusal(400, str(problem)))
        except KeysUnavailable:
            return _response(intake.later())

    def post(self, request: Request, scope: str = "") -> HttpResponse:
        """Take an event in; ``integrations.intake`` says how it is answered."""
        platform = PLATFORMS[self.platform_name]
        stream = request.META.get("wsgi.input", request)
        return _response(intake.take_in(platform, request.headers, lambda: intake.body_of(request.META, stream), scope))


@require_safe
def verify_challenge(request: HttpRequest) -> HttpResponse:
    """The older address for a challenge; answers as every door does."""
    try:
        return JsonResponse(challenges.echo(request.GET.dict()))
    except InvalidChallenge as problem:
        return _response(intake.refusal(400, str(problem)))


def _response(answer: intake.Answer) -> HttpResponse:
    return JsonResponse(answer.told, status=answer.status, headers=answer.headers)
