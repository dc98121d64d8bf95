"""Questions for passwords, PINs and cards, in five languages."""

import pytest

from agent.graph.credentials import asks_for_credentials


@pytest.mark.parametrize(
    "text",
    [
        "What is your password?",
        "What's the PIN of your card?",
        "Please reply with your PIN",
        "Could I have your CVV please?",
        "Please confirm your IBAN and card number",
        "May we have the verification code?",
        "Your PIN, please.",
        "And your password?",
        "Not a problem, tell us your password.",
        "If it has not worked yet, send me the security code.",
        "Kindly forward your bank details to me.",
        "For that I require your login details.",
        "Wie lautet Ihr Passwort?",
        "Können Sie mir Ihre PIN nennen?",
        "Ihr Kennwort brauche ich noch.",
        "Bitte bestätigen Sie Ihre Kartennummer.",
        "Wie ist die Prüfziffer Ihrer Karte?",
        "Schreiben Sie mir bitte Ihre Zugangsdaten.",
        "¿Cuál es su contraseña?",
        "¿Me puede dar el número de su tarjeta?",
        "Confirme su clave, por favor.",
        "Necesito el código de seguridad.",
        "Su contraseña, por favor.",
        "Qual è la sua password?",
        "Posso avere il codice di sicurezza?",
        "Mi potrebbe dire il codice PIN?",
        "Confermi il numero della sua carta.",
        "La sua password, per favore.",
        "Wat is uw wachtwoord?",
        "Mag ik uw pincode?",
        "Kunt u mij uw wachtwoord geven?",
        "Bevestig uw rekeningnummer.",
        "Uw kaartnummer alstublieft.",
    ],
)
def test_asking_for_it_is_seen(text: str) -> None:
    assert asks_for_credentials(f"We are happy to help. {text} Thank you!", ["Returns take 45 days."])


@pytest.mark.parametrize(
    "text",
    [
        "Did you forget your password?",
        "Would you like to reset your password?",
        "You can change your password under Account.",
        "Never send us your password, PIN or card number.",
        "We will never, under any circumstances, ask you to give your PIN.",
        "Please do not share your password.",
        "What is the status of your order?",
        "Which card do you want to pay with?",
        "Could I have your order number please?",
        "What size do you need?",
        "Haben Sie Ihr Passwort vergessen?",
        "Nennen Sie niemandem Ihre PIN, nie.",
        "Wie lautet Ihre Bestellnummer?",
        "¿Ha olvidado su contraseña?",
        "No comparta su clave con nadie.",
        "Ha dimenticato la password?",
        "Non comunichi il codice PIN.",
        "Bent u uw wachtwoord vergeten?",
        "Deel uw pincode nooit.",
        "Wat is uw ordernummer?",
    ],
)
def test_speaking_of_it_is_no_question_for_it(text: str) -> None:
    assert not asks_for_credentials(text, ["Returns take 45 days."])


def test_what_a_passage_asks_for_may_be_asked() -> None:
    ground = "To reset it, enter the one-time code and a new password on the page."

    assert not asks_for_credentials("Please enter the one-time code.", [ground])
    assert not asks_for_credentials("Bitte geben Sie den Code und ein neues Passwort ein.", [ground])
    assert asks_for_credentials("Please enter your card number.", [ground])
    assert asks_for_credentials("Bitte nennen Sie uns Ihre IBAN.", [ground])
