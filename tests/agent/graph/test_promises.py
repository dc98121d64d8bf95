"""Promises outside policy, in five languages: only what a cited passage says may be promised."""

import pytest

from agent.graph.promises import KINDS, broken_promises

POLICY = (
    "We refund the price of unused goods within 45 days. Express surcharges are not refunded.",
    "An exchange is free everywhere. Students get 10 percent off with a discount code.",
    "Wir erstatten den Preis unbenutzter Ware. Der Umtausch ist kostenlos.",
)
SILENT = ("Wash rain jackets at 30 degrees with a liquid detergent.",)

OUTSIDE = [
    ("en", "Your refund is on its way.", "refund"),
    ("en", "We'll give you your money back.", "refund"),
    ("en", "You get a 20% discount on the next order.", "discount"),
    ("en", "The repair is free of charge.", "free"),
    ("en", "All fees are waived, no problem.", "free"),
    ("en", "Delivery is guaranteed.", "assurance"),
    ("en", "That's a deal, and it is legally binding.", "assurance"),
    ("en", "You will be compensated for the trouble.", "compensation"),
    ("en", "Approved, as an exception.", "approval"),
    ("en", "We are sending a replacement.", "replacement"),
    ("en", "A colleague will call you back.", "call-back"),
    ("en", "It arrives tomorrow.", "date"),
    ("en", "It will be there by Friday.", "date"),
    ("en", "This was our own fault.", "liability"),
    ("en", "I have cancelled the order for you.", "deed"),
    ("de", "Sie bekommen Ihr Geld zurück.", "refund"),
    ("de", "Sie erhalten 20 % Rabatt.", "discount"),
    ("de", "Die Reparatur ist für Sie kostenlos.", "free"),
    ("de", "Das verspreche ich Ihnen.", "assurance"),
    ("de", "Die Zustellung ist garantiert.", "assurance"),
    ("de", "Wir zahlen eine Entschädigung.", "compensation"),
    ("de", "Aus Kulanz machen wir eine Ausnahme.", "approval"),
    ("de", "Wir schicken Ihnen eine Ersatzlieferung.", "replacement"),
    ("de", "Wir rufen Sie morgen an.", "call-back"),
    ("de", "Das Paket kommt bis Freitag.", "date"),
    ("de", "Ich habe die Bestellung storniert.", "deed"),
    ("es", "Le haremos el reembolso.", "refund"),
    ("es", "Tiene un descuento del 20 %.", "discount"),
    ("es", "La reparación es gratuita.", "free"),
    ("es", "Le garantizamos la entrega.", "assurance"),
    ("es", "Recibirá una indemnización.", "compensation"),
    ("es", "Su solicitud está aprobada, es una excepción.", "approval"),
    ("es", "Le llamaremos hoy mismo.", "call-back"),
    ("es", "Llega mañana.", "date"),
    ("es", "He cancelado su pedido.", "deed"),
    ("it", "Le faremo il rimborso.", "refund"),
    ("it", "Ha diritto a uno sconto.", "discount"),
    ("it", "La riparazione è gratuita.", "free"),
    ("it", "Le garantiamo la consegna.", "assurance"),
    ("it", "Riceverà un risarcimento.", "compensation"),
    ("it", "La richiesta è approvata.", "approval"),
    ("it", "La richiameremo.", "call-back"),
    ("it", "Arriva domani.", "date"),
    ("it", "Ho annullato il suo ordine.", "deed"),
    ("nl", "U krijgt uw geld terug.", "refund"),
    ("nl", "U krijgt 20% korting.", "discount"),
    ("nl", "De reparatie is gratis.", "free"),
    ("nl", "Dat beloof ik u.", "assurance"),
    ("nl", "U ontvangt een schadevergoeding.", "compensation"),
    ("nl", "Uw verzoek is goedgekeurd.", "approval"),
    ("nl", "Wij bellen u terug.", "call-back"),
    ("nl", "Het komt uiterlijk vrijdag.", "date"),
    ("nl", "Ik heb uw bestelling geannuleerd.", "deed"),
    ("en", "Your money will be returned.", "refund"),
    ("en", "We'll pay the full amount back to you.", "refund"),
    ("en", "We return the whole sum.", "refund"),
    ("en", "You won't have to pay anything.", "free"),
    ("en", "It costs you nothing.", "free"),
    ("en", "You will not be charged.", "free"),
    ("en", "The order is yours for 1 EUR.", "assurance"),
    ("en", "You can have the tent for only 1 euro.", "assurance"),
    ("en", "Deal!", "assurance"),
    ("en", "Agreed.", "assurance"),
    ("en", "You get it at half price.", "discount"),
    ("en", "We cover all the costs.", "compensation"),
    ("en", "This one is on us.", "compensation"),
    ("en", "We accept full responsibility.", "liability"),
    ("en", "We're to blame for the damage.", "liability"),
    ("en", "Your account was deleted.", "done"),
    ("en", "Your two orders have been cancelled.", "done"),
    ("en", "Done!", "deed"),
    ("de", "Ihr Geld kommt zurück.", "refund"),
    ("de", "Wir zahlen Ihnen alles zurück.", "refund"),
    ("de", "Sie müssen nichts bezahlen.", "free"),
    ("de", "Das kostet Sie keinen Cent.", "free"),
    ("de", "Das Zelt gehört Ihnen für einen Euro.", "assurance"),
    ("de", "Einverstanden!", "assurance"),
    ("de", "Wir übernehmen alle Kosten.", "compensation"),
    ("de", "Wir übernehmen die volle Verantwortung.", "liability"),
    ("de", "Ihr Konto wurde soeben gelöscht.", "done"),
    ("de", "Sie bekommen es zum halben Preis.", "discount"),
    ("es", "Le devolveremos todo su dinero.", "refund"),
    ("es", "Su dinero será devuelto.", "refund"),
    ("es", "No tiene que pagar nada.", "free"),
    ("es", "Es suyo por 1 euro.", "assurance"),
    ("es", "¡Trato!", "assurance"),
    ("es", "Nos hacemos cargo de los gastos.", "compensation"),
    ("es", "Asumimos toda la responsabilidad.", "liability"),
    ("es", "Su cuenta ha sido eliminada.", "done"),
    ("it", "Avrà i soldi indietro, il denaro torna sul conto.", "refund"),
    ("it", "Non deve pagare nulla.", "free"),
    ("it", "È suo per 1 euro.", "assurance"),
    ("it", "Affare!", "assurance"),
    ("it", "I costi sono a nostro carico.", "compensation"),
    ("it", "Ci assumiamo la piena responsabilità.", "liability"),
    ("it", "Il suo account è stato cancellato.", "done"),
    ("nl", "Wij betalen u alles terug.", "refund"),
    ("nl", "U hoeft niets te betalen.", "free"),
    ("nl", "De tent is van u voor 1 euro.", "assurance"),
    ("nl", "Akkoord!", "assurance"),
    ("nl", "De kosten zijn voor onze rekening.", "compensation"),
    ("nl", "Wij nemen de volledige verantwoordelijkheid.", "liability"),
    ("nl", "Uw account is zojuist verwijderd.", "done"),
]


@pytest.mark.parametrize(("language", "text", "kind"), OUTSIDE)
def test_what_no_passage_says_is_a_broken_promise_of_its_kind(language: str, text: str, kind: str) -> None:
    assert kind in broken_promises(text, SILENT, language=language)


def test_every_kind_is_told_in_every_language_that_has_it() -> None:
    told = {(language, kind) for language, _, kind in OUTSIDE}

    assert {kind for _, kind in told} == {*KINDS, "deed"}
    for language in ("en", "de", "es", "it", "nl"):
        assert {"refund", "discount", "free", "assurance", "compensation", "date", "liability", "done", "deed"} <= {
            kind for own, kind in told if own == language
        }


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "We refund the price of unused goods."),
        ("en", "Express surcharges are not refunded."),
        ("en", "Students get a discount code."),
        ("en", "Would you like a refund?"),
        ("en", "We can't promise that, and there is no compensation."),
        ("en", "Feel free to write to us."),
        ("en", "Rest easy: exchanging it is free."),
        ("de", "Wir erstatten den Preis."),
        ("de", "Expresszuschläge erstatten wir nicht."),
        ("de", "Der Umtausch kostet nichts und ist kostenlos."),
        ("de", "Guten Morgen!"),
        ("es", "Le hacemos el reembolso del precio. El cambio es gratis."),
        ("es", "No podemos prometer nada."),
        ("it", "Rimborsiamo il prezzo. Il cambio è gratuito."),
        ("it", "Non possiamo garantire nulla."),
        ("nl", "We betalen het geld terug. Ruilen is gratis."),
        ("nl", "Dat kunnen we niet beloven."),
    ],
)
def test_what_a_passage_says_and_what_is_denied_or_asked_breaks_nothing(language: str, text: str) -> None:
    assert broken_promises(text, POLICY, language=language) == []


@pytest.mark.parametrize(
    "text",
    [
        "Express surcharges are refunded.",
        "No problem, you get compensation.",
        "Never mind the rules, it is approved.",
        "It is approved, shall I go on?",
        "Ｙｏｕｒ ｃｏｍｐｅｎｓａｔｉｏｎ is approved.",
    ],
)
def test_no_form_of_words_gets_around_it(text: str) -> None:
    assert broken_promises(text, POLICY, language="en")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Once your order has been cancelled, you get a mail."),
        ("en", "You get a mail when your account was deleted."),
        ("en", "The choice is yours."),
        ("en", "You can pay the amount by card."),
        ("en", "Please send the jacket back."),
        ("en", "Your parcel is on its way."),
        ("en", "You have to pay the customs at the door."),
        ("de", "Sobald Ihre Bestellung storniert ist, bekommen Sie eine Nachricht."),
        ("de", "Den Betrag zahlen Sie mit Karte."),
        ("es", "Cuando su cuenta ha sido eliminada, recibe un correo."),
        ("es", "Puede devolver el artículo."),
        ("it", "Quando il suo account è stato cancellato, riceve un messaggio."),
        ("nl", "Zodra uw bestelling is geannuleerd, krijgt u een bericht."),
        ("nl", "Stuur het artikel terug."),
    ],
)
def test_a_case_that_is_told_of_and_what_a_customer_does_promise_nothing(language: str, text: str) -> None:
    assert broken_promises(text, SILENT, language=language) == []


def test_what_was_done_stands_where_a_passage_says_it() -> None:
    ground = ["Your account was locked. Your order was cancelled by the bank."]

    assert broken_promises("Your order was cancelled by the bank.", ground, language="en") == []
    assert broken_promises("Your order was cancelled by the bank.", SILENT, language="en") == ["done"]
