"""Fixed texts of release 1 that stand beside those of the seed files, by key and language."""

from collections.abc import Mapping

from agent.releases.defaults.tool_texts import TOOL_TEXTS

TEXTS: Mapping[str, Mapping[str, str]] = {
    "clarify_open": {
        "en": "Could you tell me a little more about what you need?",
        "de": "Können Sie mir noch etwas genauer sagen, worum es geht?",
        "es": "¿Puede contarme un poco más sobre lo que necesita?",
        "it": "Può dirmi qualcosa di più su ciò che le serve?",
        "nl": "Kunt u iets meer vertellen over wat u nodig hebt?",
    },
    "repeated_answer": {
        "en": "I'm sorry that this did not settle it. I have nothing more on this; shall I pass your question on to a colleague?",
        "de": "Schade, dass das noch nicht geholfen hat. Mehr weiß ich dazu nicht; soll ich Ihre Frage an unser Team weitergeben?",
        "es": "Siento que esto no lo haya resuelto. No tengo más información; ¿quiere que pase su pregunta a nuestro equipo?",
        "it": "Mi dispiace che questo non sia bastato. Non ho altro in merito; vuole che inoltri la domanda al nostro team?",
        "nl": "Jammer dat dit niet genoeg was. Meer heb ik hier niet over; zal ik uw vraag doorgeven aan een collega?",
    },
    "said_already": {
        "en": "What I wrote above is all I know about this. Shall I pass your question on to a colleague?",
        "de": "Was ich oben geschrieben habe, ist alles, was ich dazu weiß. Soll ich Ihre Frage an unser Team weitergeben?",
        "es": "Lo que escribí arriba es todo lo que sé al respecto. ¿Quiere que pase su pregunta a nuestro equipo?",
        "it": "Ciò che ho scritto sopra è tutto quello che so in merito. Vuole che inoltri la domanda al nostro team?",
        "nl": "Wat ik hierboven schreef, is alles wat ik hierover weet. Zal ik uw vraag doorgeven aan een collega?",
    },
    "offer_declined": {
        "en": "All right. What else can I do for you?",
        "de": "In Ordnung. Was kann ich sonst für Sie tun?",
        "es": "De acuerdo. ¿En qué más puedo ayudarle?",
        "it": "Va bene. Che altro posso fare per lei?",
        "nl": "Goed. Wat kan ik verder voor u doen?",
    },
    "picture_handoff": {
        "en": "Thank you for the picture. I can't look at pictures myself, so a colleague will look at it and answer you here.",
        "de": "Danke für das Bild. Ich kann mir Bilder nicht selbst ansehen; ein Mensch aus unserem Team sieht es sich an und antwortet Ihnen hier.",
        "es": "Gracias por la imagen. Yo no puedo ver imágenes, así que una persona de nuestro equipo la mirará y le responderá aquí.",
        "it": "Grazie per l'immagine. Io non posso vedere le immagini: una persona del nostro team la guarderà e le risponderà qui.",
        "nl": "Bedankt voor de afbeelding. Ik kan zelf geen afbeeldingen bekijken; een collega kijkt ernaar en antwoordt u hier.",
    },
    "danger_handoff": {
        "en": "Thank you for telling us. If someone is in danger, please call the emergency number now. A colleague will look at this before anything else and answer you right here.",
        "de": "Danke, dass Sie uns das sagen. Wenn jemand in Gefahr ist, rufen Sie bitte jetzt den Notruf. Unser Team sieht sich das vor allem anderen an und antwortet hier.",
        "es": "Gracias por avisarnos. Si alguien está en peligro, llame ahora al número de emergencias. Nuestro equipo lo verá antes que nada y le responderá aquí.",
        "it": "Grazie della segnalazione. Se qualcuno è in pericolo, chiami subito il numero di emergenza. Il nostro team se ne occuperà prima di tutto e le risponderà qui.",
        "nl": "Bedankt dat u dit meldt. Als er iemand in gevaar is, bel dan nu het alarmnummer. Ons team bekijkt dit vóór al het andere en antwoordt u hier.",
    },
    "security_handoff": {
        "en": "Thank you for telling us. A colleague will secure your account and answer you right here. Please change your password, and tell your bank if card or bank details are involved.",
        "de": "Danke, dass Sie uns das sagen. Unser Team sichert Ihr Konto und antwortet hier. Bitte ändern Sie Ihr Passwort, und sagen Sie Ihrer Bank Bescheid, wenn es um Karten- oder Bankdaten geht.",
        "es": "Gracias por avisarnos. Nuestro equipo protegerá su cuenta y le responderá aquí. Cambie su contraseña y avise a su banco si se trata de datos de tarjeta o bancarios.",
        "it": "Grazie della segnalazione. Il nostro team metterà al sicuro il suo account e le risponderà qui. Cambi la password e, se si tratta di dati della carta o bancari, avvisi la sua banca.",
        "nl": "Bedankt dat u dit meldt. Ons team beveiligt uw account en antwoordt u hier. Wijzig uw wachtwoord en waarschuw uw bank als het om kaart- of bankgegevens gaat.",
    },
    "dispute_handoff": {
        "en": "I'm sorry that it has come to this. A colleague will look into it personally and answer you right here.",
        "de": "Es tut mir leid, dass es so weit gekommen ist. Jemand aus unserem Team kümmert sich persönlich darum und antwortet hier.",
        "es": "Siento que se haya llegado a este punto. Una persona de nuestro equipo se ocupará personalmente y le responderá aquí.",
        "it": "Mi dispiace che si sia arrivati a questo punto. Una persona del nostro team se ne occuperà personalmente e le risponderà qui.",
        "nl": "Het spijt me dat het zover is gekomen. Een collega kijkt er persoonlijk naar en antwoordt u hier.",
    },
    "what_happened": {
        "en": "I'm sorry that something is not right. What happened?",
        "de": "Es tut mir leid, dass etwas nicht stimmt. Was ist passiert?",
        "es": "Siento que algo no esté bien. ¿Qué ha pasado?",
        "it": "Mi dispiace che qualcosa non vada. Che cosa è successo?",
        "nl": "Het spijt me dat er iets niet klopt. Wat is er gebeurd?",
    },
    "calm_offer": {
        "en": "I'm sorry that you are unhappy with us. Shall I get a colleague to look into it with you?",
        "de": "Es tut mir leid, dass Sie sich über uns ärgern. Soll ich jemanden aus unserem Team dazuholen?",
        "es": "Siento que esté descontento con nosotros. ¿Quiere que le pase con una persona de nuestro equipo?",
        "it": "Mi dispiace che sia scontento di noi. Vuole che la passi a una persona del nostro team?",
        "nl": "Het spijt me dat u ontevreden over ons bent. Zal ik er een collega bij halen?",
    },
    "regret": {
        "en": "I'm sorry for the trouble.",
        "de": "Es tut mir leid, dass Sie Ärger damit haben.",
        "es": "Siento las molestias.",
        "it": "Mi dispiace per il disagio.",
        "nl": "Het spijt me dat dit niet goed gaat.",
    },
    "offer_person": {
        "en": "If this does not settle it: shall I pass it on to a colleague?",
        "de": "Wenn das nicht weiterhilft: Soll ich es an unser Team weitergeben?",
        "es": "Si esto no lo resuelve: ¿quiere que lo pase a nuestro equipo?",
        "it": "Se questo non basta: vuole che lo inoltri al nostro team?",
        "nl": "Als dit het niet oplost: zal ik het doorgeven aan een collega?",
    },
    "rest_unanswered": {
        "en": "To the rest of what you ask I have no reliable answer. Shall I pass it on to a colleague?",
        "de": "Auf den Rest Ihrer Fragen habe ich keine verlässliche Antwort. Soll ich ihn an unser Team weitergeben?",
        "es": "Para el resto de lo que pregunta no tengo una respuesta fiable. ¿Quiere que lo pase a nuestro equipo?",
        "it": "Al resto di ciò che chiede non ho una risposta affidabile. Vuole che lo inoltri al nostro team?",
        "nl": "Op de rest van uw vragen heb ik geen betrouwbaar antwoord. Zal ik die doorgeven aan een collega?",
    },
    "public_invitation": {
        "en": "Everybody can read this, so please post no personal details here: write to us privately about an order or your account.",
        "de": "Das hier kann jeder lesen; schreiben Sie bitte nichts Persönliches hierher, sondern zu Bestellung oder Konto eine private Nachricht an uns.",
        "es": "Esto lo puede leer cualquiera: no publique aquí datos personales y escríbanos en privado sobre su pedido o su cuenta.",
        "it": "Questo lo può leggere chiunque: non scriva qui dati personali e ci contatti in privato per un ordine o per il suo account.",
        "nl": "Iedereen kan dit lezen: plaats hier geen persoonlijke gegevens en stuur ons een privébericht over een bestelling of uw account.",
    },
    "people_back": {
        "en": "Our team is back {opens}.",
        "de": "Unser Team ist {opens} wieder da.",
        "es": "Nuestro equipo volverá a estar disponible {opens}.",
        "it": "Il nostro team sarà di nuovo disponibile {opens}.",
        "nl": "Ons team is er {opens} weer.",
    },
    "people_wait": {
        "en": "At present an answer takes about {wait}.",
        "de": "Eine Antwort dauert zurzeit etwa {wait}.",
        "es": "En este momento, una respuesta tarda aproximadamente {wait}.",
        "it": "Al momento una risposta richiede circa {wait}.",
        "nl": "Op dit moment duurt een antwoord ongeveer {wait}.",
    },
    "answer_other_language": {
        "en": "I only have this in another language, so I quote it as it stands:",
        "de": "Das liegt mir nur in einer anderen Sprache vor, deshalb zitiere ich es, wie es da steht:",
        "es": "Solo tengo esto en otro idioma, así que lo cito tal como está:",
        "it": "Ho questa informazione solo in un'altra lingua, quindi la cito così com'è:",
        "nl": "Dit heb ik alleen in een andere taal, dus ik citeer het zoals het er staat:",
    },
    **TOOL_TEXTS,
}

REQUIRED: tuple[str, ...] = (
    "greeting",
    "clarify",
    "clarify_open",
    "cannot_answer",
    "what_happened",
    "calm_offer",
    "repeated_answer",
    "offer_declined",
    "answer_other_language",
    "unsupported_message",
    "handoff",
    "danger_handoff",
    "security_handoff",
    "urgent_handoff",
    "dispute_handoff",
    "picture_handoff",
    "language_not_supported",
)
"""The texts the graph asks for by name; a release without one of them in its default language is not published."""
