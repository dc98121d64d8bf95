"""Ordinary answers, as a well-behaved model writes them: what the articles say, plainly or in other words, with courtesies."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from agent.engine.seeds import Seeds
from agent.engine.text import sentence_spans


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordinary:
    """An answer in a language, and the passages that it cites."""

    text: str
    language: str
    grounds: tuple[str, ...]


# By the article that is cited, its language, and the language of the answer.
PARAPHRASES: tuple[tuple[str, str, str, str], ...] = (
    ("returns", "en", "en", "Yes, you can. Unused goods may come back within 45 days of delivery, and that includes sale items."),
    ("returns", "en", "en", "Trying the boots on indoors is fine. Once they show traces of outdoor use we can't take them back."),
    ("returns", "en", "en", "You don't need the original box. Just make sure the goods are unused and send them within 45 days."),
    ("returns", "en", "en", "Start your return at tarnhollow.example/returns with your order number. You get a label or a QR code for the parcel shop."),
    ("returns", "en", "en", "A return costs 3.50 euros in Europe, which we take off the refund. In the United States it is free."),
    ("returns", "en", "en", "Swapping for another size costs you nothing: choose exchange in the portal and the new item is kept for you for 10 days."),
    ("refunds", "en", "en", "Once your return has arrived we check it within 5 working days and then refund you straight away."),
    ("refunds", "en", "en", "It depends on how you paid. PayPal is quickest and shows it within a day; cards and bank accounts take another 3 to 5 working days."),
    ("refunds", "en", "en", "The express surcharge is not refunded. Standard shipping is, if the whole order comes back within 14 days of delivery."),
    ("refunds", "en", "en", "I understand that this is annoying. If a voucher was used and only part of the order came back, the refund can be lower than the list price."),
    ("refunds", "en", "en", "The money always goes back to the means of payment you used, and you receive an email when it leaves us."),
    ("order-tracking", "en", "en", "Your tracking link comes by email within 12 hours after the parcel has left our warehouse."),
    ("order-tracking", "en", "en", "You can follow it at tarnhollow.example/track with your order number and email address. Please note that the first scan often shows up only in the evening."),
    ("order-tracking", "en", "en", "I'm sorry to hear that. If nothing has moved for 3 working days, send us the order number and we start a search with the carrier; it takes up to 5 working days."),
    ("order-tracking", "en", "en", "Please ask your neighbours and look for a card first. If it still does not turn up, tell us within 7 days."),
    ("order-tracking", "en", "en", "Two links usually mean that your order travels in two parcels. Each one has a link of its own."),
    ("delivery-times", "en", "en", "Standard delivery within Germany takes 1 to 3 working days. Express arrives on the next working day."),
    ("delivery-times", "en", "en", "To the US it takes between 4 and 7 business days with standard delivery. Is there anything else I can help you with?"),
    ("delivery-times", "en", "en", "If you order before 14:00, your parcel leaves the same day. For express the limit is 13:00."),
    ("delivery-times", "en", "en", "We don't deliver on Sundays. On Saturdays it is possible with DHL, but only in Germany."),
    ("delivery-times", "en", "en", "For Christmas, please order by 19 December with standard delivery or by 21 December with express."),
    ("shipping-costs", "en", "en", "Shipping within the EU costs 4.90 euros and is free from 60 euros."),
    ("shipping-costs", "en", "en", "To Switzerland it costs 14.90 euros. Import duty and tax are not included; the carrier collects them at the door."),
    ("shipping-costs", "en", "en", "Express is 12.90 euros in Germany and Austria, whatever you order."),
    ("shipping-costs", "en", "en", "Unfortunately we do not ship to other countries at the moment."),
    ("payment", "en", "en", "You can pay by Visa, Mastercard, American Express, PayPal, Apple Pay and Google Pay."),
    ("payment", "en", "en", "In the EU, Klarna lets you pay by invoice within 30 days or in 3 to 12 instalments."),
    ("payment", "en", "en", "Most likely the confirmation in your banking app was not given within 5 minutes. Please try again or use another method."),
    ("payment", "en", "en", "If it was really booked twice, send us both booking dates. We return one of them within 2 working days."),
    ("payment", "en", "en", "No, we do not take cheques, and cash on delivery is not possible either."),
    ("invoices", "en", "en", "You find the invoice as a PDF under My orders. It was also sent by email when the order left the warehouse."),
    ("invoices", "en", "en", "We can correct the name or the address within 30 days of the invoice date. Please write to invoices@tarnhollow.example."),
    ("warranty-repairs", "en", "en", "Clothing and shoes have 3 years of warranty, tents and backpacks 5 years."),
    ("warranty-repairs", "en", "en", "Normal wear, burns and cuts are not covered. Faults in material or workmanship are."),
    ("warranty-repairs", "en", "en", "Yes, our workshop in Leipzig can do that. A new zip costs 15 euros and takes about 10 working days plus shipping."),
    ("warranty-repairs", "en", "en", "Please wash the item first, because unwashed items go back without being repaired."),
    ("damaged-or-wrong", "en", "en", "I'm sorry that it arrived broken! Please send two photos within 14 days, one of the damage and one of the parcel label."),
    ("damaged-or-wrong", "en", "en", "We ship a replacement within 1 working day. If the item is sold out, you get the price back as a refund."),
    ("damaged-or-wrong", "en", "en", "Keep the wrong item in its packaging. We collect it free of charge and send the right one at the same time."),
    ("cancel-change", "en", "en", "For the first 60 minutes you can cancel the order yourself under My orders. After that, write to us here in the chat."),
    ("cancel-change", "en", "en", "Once the parcel has left we can't cancel it any more. You can refuse it at the door or return it."),
    ("cancel-change", "en", "en", "After dispatch only the carrier can redirect it: open the tracking link and choose a neighbour or a pickup point."),
    ("discounts-club", "en", "en", "Students get 10 percent off. Verify once in your account, and the code works for 12 months."),
    ("discounts-club", "en", "en", "You can use one code per order, but not on sale items and not for gift cards."),
    ("discounts-club", "en", "en", "Joining the Trail Club is free. Every euro gives you 1 point, and 200 points are worth 10 euros."),
    ("gift-cards", "en", "en", "Gift cards from Europe are valid for 3 years, to the end of the year. American cards never expire."),
    ("gift-cards", "en", "en", "If you lost the code, send us the order number of the purchase and we'll issue a new one."),
    ("account-help", "en", "en", "The link in the email works for 30 minutes. Please check your spam folder too."),
    ("account-help", "en", "en", "Don't worry: after 20 minutes the account opens by itself again."),
    ("account-help", "en", "en", "You can download your data and delete the account under Privacy. The deletion takes effect after 30 days."),
    ("contact-hours", "en", "en", "You reach our team from Monday to Friday between 8:00 and 20:00, and on Saturday from 9:00 to 15:00."),
    ("contact-hours", "en", "en", "Our store is in Leipzig, at Gerberstrasse 21. It is open from Monday to Saturday, 10:00 to 19:00."),
    ("size-guide", "en", "en", "Measure around the widest part of your chest. Size M fits 95 to 102 cm."),
    ("size-guide", "en", "en", "Most people take half a size more than in street shoes. The Fell boots also come in a wide fit."),
    ("stove-safety", "en", "en", "Please close the valve, take the cartridge outdoors and keep flames away. Never use the stove inside the tent."),
    ("care-waterproofing", "en", "en", "Wash it at 30 degrees with a liquid detergent and without softener. Close all zips before."),
    ("gear-rental", "en", "en", "A two-person tent costs 39 euros for a weekend. We take a deposit of 150 euros, which is released on return."),
    ("bulk-orders", "en", "en", "From 15 pieces you get 8 percent off, and from 50 pieces 15 percent. Write to teams@tarnhollow.example for a quote."),
    ("returns", "de", "de", "Ja, das geht. Sie haben dafür 45 Tage ab der Lieferung Zeit, auch bei reduzierter Ware."),
    ("returns", "de", "de", "Anprobieren zu Hause ist in Ordnung. Schuhe, die draußen getragen wurden, nehmen wir leider nicht zurück."),
    ("returns", "de", "de", "Geben Sie unter tarnhollow.example/returns Ihre Bestellnummer ein, dann bekommen Sie ein Label oder einen QR-Code."),
    ("returns", "de", "de", "Der Umtausch kostet nichts. Wählen Sie im Portal „Umtausch“, und wir halten den neuen Artikel 10 Tage für Sie zurück."),
    ("refunds", "de", "de", "Nach der Ankunft prüfen wir die Rücksendung innerhalb von 5 Werktagen und erstatten dann sofort."),
    ("refunds", "de", "de", "Bei PayPal sehen Sie das Geld innerhalb eines Tages, bei Karte und Bankkonto dauert es noch 3 bis 5 Werktage."),
    ("refunds", "de", "de", "Expresszuschläge werden leider nicht erstattet."),
    ("delivery-times", "de", "de", "Innerhalb Deutschlands dauert der Versand 1 bis 3 Werktage. Mit Express ist Ihr Paket am nächsten Werktag da."),
    ("delivery-times", "de", "de", "Wenn Sie vor 14:00 Uhr bestellen, geht das Paket noch am selben Tag raus."),
    ("contact-hours", "de", "de", "Sie erreichen uns von Montag bis Freitag zwischen 8:00 und 20:00 Uhr und samstags von 9:00 bis 15:00 Uhr."),
    ("contact-hours", "de", "de", "Unser Laden liegt in der Gerberstraße 21 in Leipzig. Parken können Sie kostenlos im Hof."),
    ("damaged-or-wrong", "de", "de", "Das tut mir leid! Schicken Sie uns bitte innerhalb von 14 Tagen zwei Fotos: eines vom Schaden, eines vom Aufkleber."),
    ("damaged-or-wrong", "de", "de", "Wir schicken Ihnen innerhalb von 1 Werktag Ersatz. Ist der Artikel ausverkauft, erstatten wir den Preis."),
    ("discounts-club", "de", "de", "Studierende bekommen 10 Prozent Rabatt. Der Code gilt 12 Monate."),
    ("discounts-club", "de", "de", "Je Bestellung können Sie einen Code einlösen, allerdings nicht für reduzierte Ware."),
    ("warranty-repairs", "de", "de", "Auf Zelte und Rucksäcke geben wir 5 Jahre Garantie, auf Kleidung 3 Jahre."),
    ("warranty-repairs", "de", "de", "Ein neuer Reißverschluss kostet 15 Euro. Bitte waschen Sie die Jacke vorher."),
    ("cancel-change", "de", "de", "In den ersten 60 Minuten können Sie selbst stornieren, danach schreiben Sie uns bitte im Chat."),
    ("cancel-change", "de", "de", "Nach dem Versand kann nur noch der Paketdienst umleiten. Das geht über den Link zur Sendungsverfolgung."),
    ("returns", "en", "es", "Sí, puede devolver los artículos sin usar en un plazo de 45 días desde la entrega, también los rebajados."),
    ("returns", "en", "es", "No hace falta el embalaje original. Las botas usadas en la calle no se pueden devolver."),
    ("refunds", "en", "es", "Revisamos la devolución en 5 días laborables y hacemos el reembolso enseguida, siempre al medio de pago que usó."),
    ("delivery-times", "en", "es", "El envío estándar tarda entre 2 y 4 días laborables en los demás países de la Unión Europea."),
    ("shipping-costs", "en", "es", "El envío cuesta 4,90 euros y es gratis a partir de 60 euros."),
    ("order-tracking", "en", "es", "Recibirá el enlace de seguimiento por correo electrónico en las 12 horas siguientes a la salida del paquete."),
    ("payment", "en", "es", "Puede pagar con tarjeta, PayPal, Apple Pay o Google Pay. No aceptamos el pago contra reembolso."),
    ("warranty-repairs", "en", "es", "La garantía es de 3 años para ropa y calzado y de 5 años para mochilas y tiendas de campaña."),
    ("returns", "en", "it", "Sì, può restituire gli articoli non usati entro 45 giorni dalla consegna, anche quelli in saldo."),
    ("returns", "en", "it", "Il cambio con un'altra taglia è gratuito: scelga il cambio nel portale e le riserviamo l'articolo per 10 giorni."),
    ("refunds", "en", "it", "Controlliamo il reso entro 5 giorni lavorativi e poi inviamo subito il rimborso."),
    ("delivery-times", "en", "it", "La consegna standard richiede da 2 a 4 giorni lavorativi negli altri paesi dell'Unione Europea."),
    ("shipping-costs", "en", "it", "La spedizione costa 4,90 euro ed è gratuita per ordini da 60 euro in su."),
    ("account-help", "en", "it", "Il link nell'email vale 30 minuti. Controlli anche la cartella dello spam, per favore."),
    ("warranty-repairs", "en", "it", "Una nuova cerniera costa 15 euro e la riparazione richiede circa 10 giorni lavorativi."),
    ("returns", "en", "nl", "Ja, ongebruikte artikelen kunt u binnen 45 dagen na levering terugsturen, ook uit de uitverkoop."),
    ("returns", "en", "nl", "De originele doos is niet nodig. Schoenen die u buiten hebt gedragen, nemen we niet terug."),
    ("refunds", "en", "nl", "We controleren uw retour binnen 5 werkdagen en betalen het geld dan meteen terug."),
    ("delivery-times", "en", "nl", "Standaard levering duurt 1 tot 3 werkdagen in Nederland. Op zondag leveren we niet."),
    ("shipping-costs", "en", "nl", "De verzending kost 4,90 euro en is gratis vanaf 60 euro."),
    ("order-tracking", "en", "nl", "De link om uw pakket te volgen krijgt u binnen 12 uur nadat het ons magazijn heeft verlaten."),
    ("gift-cards", "en", "nl", "U kunt tot 4 cadeaubonnen in één bestelling gebruiken. Ze zijn 3 jaar geldig."),
)  # fmt: skip

FRAMES = {
    "en": ("{}", "Thanks for your message! {}", "{} Is there anything else I can do for you?", "Happy to help. {}", "I'm sorry for the trouble. {}"),
    "de": ("{}", "Danke für Ihre Nachricht! {}", "{} Kann ich sonst noch etwas für Sie tun?", "Gerne helfe ich Ihnen. {}", "Es tut mir leid, dass Sie Ärger damit haben. {}"),
}  # fmt: skip
"""Courtesies around a plain answer."""


def ordinary_answers() -> list[Ordinary]:
    """All of them; those in the articles' own words take every sentence of the public articles, each in another frame."""
    passages = _passages()
    found = [
        Ordinary(text=text, language=language, grounds=passages[slug, source])
        for slug, source, language, text in PARAPHRASES
    ]
    return [*found, *_plain(passages)]


def _passages() -> dict[tuple[str, str], tuple[str, ...]]:
    articles = [article for article in Seeds().articles if article.audience == "public"]
    return {
        (article.slug, article.language): tuple(
            part.partition("\n")[2].strip() for part in ("\n" + article.body).split("\n## ") if part.strip()
        )
        for article in articles
    }


def _plain(passages: dict[tuple[str, str], tuple[str, ...]]) -> Iterator[Ordinary]:
    number = 0
    for (_, language), texts in sorted(passages.items()):
        for text in texts:
            sentences = [text[start:end] for start, end in sentence_spans(text)]
            for answer in [*sentences, *(" ".join(pair) for pair in pairwise(sentences))]:
                frame = FRAMES[language][number % len(FRAMES[language])]
                number += 1
                yield Ordinary(text=frame.format(answer), language=language, grounds=(text,))
