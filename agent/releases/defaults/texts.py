"""Fixed texts of release 1 that stand beside those of the seed files, by key and language."""

from collections.abc import Mapping

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
    "public_invitation": {
        "en": "Everybody can read this, so please post no personal details here: write to us privately about an order or your account.",
        "de": "Das hier kann jeder lesen; schreiben Sie bitte nichts Persönliches hierher, sondern zu Bestellung oder Konto eine private Nachricht an uns.",
        "es": "Esto lo puede leer cualquiera: no publique aquí datos personales y escríbanos en privado sobre su pedido o su cuenta.",
        "it": "Questo lo può leggere chiunque: non scriva qui dati personali e ci contatti in privato per un ordine o per il suo account.",
        "nl": "Iedereen kan dit lezen: plaats hier geen persoonlijke gegevens en stuur ons een privébericht over een bestelling of uw account.",
    },
    "answer_other_language": {
        "en": "I only have this in another language, so I quote it as it stands:",
        "de": "Das liegt mir nur in einer anderen Sprache vor, deshalb zitiere ich es, wie es da steht:",
        "es": "Solo tengo esto en otro idioma, así que lo cito tal como está:",
        "it": "Ho questa informazione solo in un'altra lingua, quindi la cito così com'è:",
        "nl": "Dit heb ik alleen in een andere taal, dus ik citeer het zoals het er staat:",
    },
}

REQUIRED: tuple[str, ...] = (
    "greeting",
    "clarify",
    "clarify_open",
    "cannot_answer",
    "repeated_answer",
    "offer_declined",
    "answer_other_language",
    "unsupported_message",
    "handoff",
    "urgent_handoff",
    "picture_handoff",
    "language_not_supported",
)
"""The texts the graph asks for by name; a release without one of them in its default language is not published."""
