"""What customers read on link pages and in letters: every sentence in both languages, in one table.

``rules.link_words`` fills in the names. ``{we}`` is the organization.
"""

from dataclasses import dataclass
from typing import Final

ENGLISH: Final = "en"
DUTCH: Final = "nl"
NAMES: Final = {DUTCH: "Nederlands", ENGLISH: "English"}
"""The languages, each as who speaks it calls it."""
HTML: Final = {DUTCH: "nl", ENGLISH: "en-GB"}
"""What stands in ``lang``."""
MONTHS: Final = {
    DUTCH: [
        "januari",
        "februari",
        "maart",
        "april",
        "mei",
        "juni",
        "juli",
        "augustus",
        "september",
        "oktober",
        "november",
        "december",
    ],
    ENGLISH: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
}


@dataclass(frozen=True, slots=True)
class Text:
    en: str
    nl: str


_NEW: Final = "Ask whoever sent it for a new one."
_NIEUW: Final = "Vraag de afzender om een nieuwe."
REASONS: Final = {
    # The link itself.
    "closed": Text(f"This link is no longer good. {_NEW}", f"Deze link is niet meer geldig. {_NIEUW}"),
    "expired": Text(f"This link has expired. {_NEW}", f"Deze link is verlopen. {_NIEUW}"),
    "revoked": Text(f"This link was withdrawn. {_NEW}", f"Deze link is ingetrokken. {_NIEUW}"),
    "used": Text("This link has been used: the connection is made.", "Deze link is gebruikt: de koppeling is gemaakt."),
    "choice_closed": Text(
        "This choice can no longer be made here. Tell us which companies we may use.",
        "Deze keuze kan hier niet meer worden gemaakt. Laat ons weten welke administraties wij mogen gebruiken.",
    ),
    "not_now": Text(
        "Nobody can connect here at the moment. Try again later, or ask whoever sent you the link.",
        "Op dit moment kan hier niemand koppelen. Probeer het later opnieuw, of vraag het de afzender van de link.",
    ),
    # Exact's permission: the gate.
    "gate_testing": Text(
        "{we} cannot connect you by this link. Ask for a new one.",
        "{we} kan u met deze link niet koppelen. Vraag om een nieuwe.",
    ),
    "gate_not_yet": Text(
        "{we} would like to connect your companies in Exact Online. That is not possible yet.",
        "{we} wil uw administraties in Exact Online koppelen. Dat kan nog niet.",
    ),
    "gate_none": Text(
        "For that, Exact's permission is needed, and {we} has not asked for it yet.",
        "Daarvoor is toestemming van Exact nodig, en {we} heeft die nog niet gevraagd.",
    ),
    "gate_requested": Text(
        "{we} has asked Exact for permission. Until Exact grants it, nobody can connect by this link.",
        "{we} heeft Exact om toestemming gevraagd. Zolang Exact die niet geeft, kan niemand met deze link koppelen.",
    ),
    "gate_requested_on": Text(
        "{we} has asked Exact for permission on {on}. Until Exact grants it, nobody can connect by this link.",
        "{we} heeft Exact op {on} om toestemming gevraagd. Zolang Exact die niet geeft, kan niemand met deze link "
        "koppelen.",
    ),
    "gate_refused": Text(
        "{we} has asked Exact for permission, and does not have it so far.",
        "{we} heeft Exact om toestemming gevraagd, maar heeft die nog niet.",
    ),
    "gate_withdrawn": Text(
        "{we} does not ask Exact for permission at the moment.",
        "{we} vraagt Exact op dit moment niet om toestemming.",
    ),
    "gate_taken_back": Text("Exact does not permit it at the moment.", "Exact staat het op dit moment niet toe."),
    "gate_nothing_to_do": Text("You need do nothing now.", "U hoeft nu niets te doen."),
    # The way back from Exact.
    "nothing_begun": Text(
        "Nothing was begun in this browser. Open the link from the message, and start there.",
        "In deze browser is geen koppeling begonnen. Open de link vanuit het bericht, en begin daar.",
    ),
    "denied": Text(
        "Access was not given on Exact's page, so nothing was connected. Start again when you want to give it.",
        "Op de pagina van Exact is geen toegang gegeven, dus is er niets gekoppeld. Begin opnieuw als u die wel wilt "
        "geven.",
    ),
    "not_ours": Text(
        "This answer does not belong to a connection that was begun here. Start again.",
        "Dit antwoord hoort niet bij een koppeling die hier is begonnen. Begin opnieuw.",
    ),
    "other_browser": Text(
        "This connection was begun in another browser. Start again in this one.",
        "Deze koppeling is in een andere browser begonnen. Begin in deze browser opnieuw.",
    ),
    "too_late": Text(
        "It took too long to come back from Exact. Start again.",
        "Het duurde te lang voordat u van Exact terugkwam. Begin opnieuw.",
    ),
    "answer_used": Text(
        "This answer of Exact was used already. If nothing is connected, start again.",
        "Dit antwoord van Exact is al gebruikt. Begin opnieuw als er niets is gekoppeld.",
    ),
    "no_code": Text(
        "Exact's answer carries no code. Start again.", "Het antwoord van Exact bevat geen code. Begin opnieuw."
    ),
    "twice": Text(
        "Exact's answer carries more than one {name}. Start again.",
        "Het antwoord van Exact bevat meer dan één {name}. Begin opnieuw.",
    ),
    "bad_code": Text(
        "Exact no longer accepts the answer that your browser brought back. Start again.",
        "Exact accepteert het antwoord dat uw browser meebracht niet meer. Begin opnieuw.",
    ),
    "exact_down": Text(
        "Exact did not answer as it should, so nothing was connected. It may be out of order for a moment: start "
        "again in a few minutes.",
        "Exact antwoordde niet zoals het hoort, dus is er niets gekoppeld. Misschien is er even een storing: begin "
        "over een paar minuten opnieuw.",
    ),
    "busy": Text(
        "Exact takes no further requests at the moment. Start again in a few minutes.",
        "Exact neemt op dit moment geen verzoeken meer aan. Begin over een paar minuten opnieuw.",
    ),
    "no_room": Text(
        "We cannot keep Exact's answer at the moment, so we did not ask for it, and nothing was connected. Start again "
        "in a few minutes.",
        "Wij kunnen het antwoord van Exact op dit moment niet bewaren. Daarom hebben wij er niet om gevraagd, en is er "
        "niets gekoppeld. Begin over een paar minuten opnieuw.",
    ),
    "user_rights": Text(
        "Exact does not let this user in. Ask whoever manages your Exact Online, or start again as another user.",
        "Exact laat deze gebruiker niet toe. Vraag de beheerder van uw Exact Online, of begin opnieuw als een andere "
        "gebruiker.",
    ),
    "licence": Text(
        "Your licence at Exact has ended. Renew it at Exact, then start again.",
        "Uw licentie bij Exact is beëindigd. Verleng die bij Exact, en begin daarna opnieuw.",
    ),
    "ours_to_mend": Text(
        "Something is wrong with our registration at Exact. This has to be mended by us, not by you.",
        "Er is iets mis met onze registratie bij Exact. Dat moeten wij herstellen, niet u.",
    ),
    # What was pasted, where Exact does not lead back to us.
    "paste_nothing": Text(
        "Nothing was pasted. Copy the whole address from the browser's address bar.",
        "Er is niets geplakt. Kopieer het hele adres uit de adresbalk van de browser.",
    ),
    "paste_long": Text(
        "This is far longer than an address that Exact leads to. Copy the address only.",
        "Dit is veel langer dan een adres waar Exact naartoe leidt. Kopieer alleen het adres.",
    ),
    "paste_no_address": Text(
        "This is no web address. Copy the whole address from the browser's address bar.",
        "Dit is geen webadres. Kopieer het hele adres uit de adresbalk van de browser.",
    ),
    "paste_no_code": Text(
        "The address carries no code of Exact. Copy it whole, up to its end.",
        "Het adres bevat geen code van Exact. Kopieer het helemaal, tot en met het einde.",
    ),
    "paste_other_page": Text(
        "This is another page of {host}. The address has to begin with {redirect_url}",
        "Dit is een andere pagina van {host}. Het adres moet beginnen met {redirect_url}",
    ),
    "paste_of_exact": Text(
        "This is a page of Exact itself. Answer there first; then copy the address at which the browser ends.",
        "Dit is een pagina van Exact zelf. Antwoord daar eerst; kopieer daarna het adres waar de browser eindigt.",
    ),
    "paste_elsewhere": Text(
        "This is an address of {host}, and Exact leads to one that begins with {redirect_url}. "
        "If that site led the browser on, register an address that stays where it is.",
        "Dit is een adres van {host}, en Exact leidt naar een adres dat begint met {redirect_url}. "
        "Als die site de browser heeft doorgestuurd, moet er een adres worden geregistreerd dat blijft staan.",
    ),
}
"""Why it is not possible, by a code that stays."""

PAGE: Final = {
    "sender": Text("the sender of this link", "de afzender van deze link"),
    "questions": Text("Questions?", "Vragen?"),
    "privacy": Text("What we do with your data", "Wat wij met uw gegevens doen"),
    "languages": Text("Language", "Taal"),
    "practice": Text("Practice", "Oefening"),
    "practice_means": Text(
        "This leads to the practice Exact, not to the real one.", "Dit leidt naar de oefen-Exact, niet naar de echte."
    ),
    # The link page.
    "link_title": Text("Connect Exact Online", "Exact Online koppelen"),
    "cannot": Text("This cannot be used now.", "Dit kan nu niet worden gebruikt."),
    "asks": Text(
        "{we} asks to read and write the Exact Online companies of {customer}.",
        "{we} vraagt om de administraties van {customer} in Exact Online te mogen lezen en bijwerken.",
    ),
    "asks_us": Text(
        "This connects our own Exact Online companies.", "Hiermee worden onze eigen administraties gekoppeld."
    ),
    "who": Text("Who asks", "Wie vraagt"),
    "app": Text("Name of the app at Exact", "Naam van de app bij Exact"),
    "customer_label": Text("For", "Voor"),
    "until": Text("This link works until", "Deze link werkt tot"),
    "steps": Text("What you do", "Wat u doet"),
    "step_user": Text(
        "At Exact, sign in as the user who should keep this connection: if that user is deleted at Exact, it stops.",
        "Log bij Exact in als de gebruiker die deze koppeling moet houden: als die gebruiker bij Exact wordt "
        "verwijderd, stopt de koppeling.",
    ),
    "step_companies": Text("Choose the companies, and give access.", "Kies de administraties, en geef toestemming."),
    "ends": Text(
        "If that user connected through this app before, the older connection ends: this one takes its place.",
        "Als die gebruiker al eerder via deze app heeft gekoppeld, eindigt die oudere koppeling: deze komt ervoor in "
        "de plaats.",
    ),
    "forward": Text(
        "Does somebody else manage your Exact Online, such as an accountant? Then forward this link to that person.",
        "Beheert iemand anders uw Exact Online, zoals een accountant? Stuur deze link dan door aan die persoon.",
    ),
    "go": Text("Continue to Exact", "Verder naar Exact"),
    "new_tab": Text("in a new tab", "in een nieuw tabblad"),
    "password": Text(
        "Your password stays between you and Exact. You can end the connection at any time.",
        "Uw wachtwoord blijft tussen u en Exact. U kunt de koppeling altijd beëindigen.",
    ),
    # Where Exact does not lead back to us.
    "first": Text("First: give access at Exact", "Eerst: geef toegang bij Exact"),
    "first_before": Text(
        "Exact opens in a new tab. At its end the browser goes to",
        "Exact opent in een nieuw tabblad. Aan het einde gaat de browser naar",
    ),
    "first_after": Text(
        "Whatever is shown there does not matter, not even an error.",
        "Wat daar te zien is maakt niet uit, ook een foutmelding niet.",
    ),
    "then": Text("Then: paste the address, within three minutes", "Daarna: plak het adres, binnen drie minuten"),
    "then_how": Text(
        "In that tab, copy the whole address from the address bar. Come back to this page, and paste it.",
        "Kopieer in dat tabblad het hele adres uit de adresbalk. Kom terug naar deze pagina, en plak het.",
    ),
    "address": Text("Address at which the browser ended", "Adres waar de browser eindigde"),
    "connect": Text("Connect", "Koppelen"),
    "nothing_connected": Text("Nothing was connected.", "Er is niets gekoppeld."),
    # No such link.
    "gone_title": Text("No such link", "Deze link bestaat niet"),
    "gone": Text("This link leads nowhere", "Deze link leidt nergens heen"),
    "gone_how": Text(
        "It may not have been copied as a whole. Open it from the message again, up to its end, or ask whoever sent it "
        "for a new one.",
        "Misschien is de link niet helemaal overgenomen. Open de link nog eens vanuit het bericht, tot en met het "
        "einde, of vraag de afzender om een nieuwe.",
    ),
    # What became of it.
    "not_connected": Text("Not connected", "Niet gekoppeld"),
    "again": Text("Start again", "Opnieuw beginnen"),
    "connected": Text("Connected", "Gekoppeld"),
    "connected_as": Text(
        "The connection belongs to {who}, who signed in at Exact.",
        "De koppeling staat op naam van {who}, die bij Exact inlogde.",
    ),
    "companies": Text("Companies", "Administraties"),
    "next": Text("What happens next", "Hoe het verdergaat"),
    "next_we": Text(
        "{we} now checks whether the connection works, and then begins to use it.",
        "{we} controleert nu of de koppeling werkt, en gebruikt die daarna.",
    ),
    "next_end": Text(
        "To end it at Exact, remove the app in the Security Centre of the user who signed in.",
        "Wilt u de koppeling bij Exact beëindigen? Verwijder de app dan in het Security Center van de gebruiker die "
        "inlogde.",
    ),
    "choose": Text("Which companies may we use?", "Welke administraties mogen wij gebruiken?"),
    "choose_hint": Text(
        "{we} uses only those that you tick, though Exact gave access to all of them.",
        "{we} gebruikt alleen wat u aanvinkt, ook al gaf Exact toegang tot al deze administraties.",
    ),
    "choose_save": Text("Save my choice", "Mijn keuze opslaan"),
    "chosen": Text(
        "{we} now uses what is ticked here, and nothing else.",
        "{we} gebruikt nu wat hier is aangevinkt, en verder niets.",
    ),
    "close": Text(
        "You need do nothing more, and can close this page.",
        "U hoeft niets meer te doen, en kunt deze pagina sluiten.",
    ),
    "close_if": Text(
        "If the right companies are ticked above, you can close this page. If not, tick them and save your choice.",
        "Zijn hierboven de juiste administraties aangevinkt? Dan kunt u deze pagina sluiten. Zo niet, vink ze dan aan "
        "en sla uw keuze op.",
    ),
}
"""What stands on the pages."""

LETTER: Final = {
    "letter_subject": Text("Connecting Exact Online with {we}", "Koppeling van Exact Online met {we}"),
    "letter": Text(
        "Dear {contact},\n\n"
        "{we} would like to connect the Exact Online companies of {customer}. At Exact, our app is called “{app}”.\n\n"
        "Open this link and press “Continue to Exact”:\n{url}\n\n"
        "Please sign in at Exact as the user who should keep the connection: if that user is deleted at Exact, it "
        "stops. If that user connected through this app before, the older connection ends: this one takes its "
        "place.\n{replaces}\n"
        "Does somebody else manage your Exact Online, such as an accountant? Then forward this message to that "
        "person, and to nobody else. The link works until {until}, or until it is used. We never ask for your "
        "password.\n"
        "{support}\n"
        "Kind regards,\n{we}",
        "Beste {contact},\n\n"
        "{we} wil de administraties van {customer} in Exact Online koppelen. Onze app heet bij Exact “{app}”.\n\n"
        "Open deze link en klik op “Verder naar Exact”:\n{url}\n\n"
        "Log bij Exact in als de gebruiker die de koppeling moet houden: als die gebruiker bij Exact wordt "
        "verwijderd, stopt de koppeling. Als die gebruiker al eerder via deze app heeft gekoppeld, eindigt die oudere "
        "koppeling: deze komt ervoor in de plaats.\n{replaces}\n"
        "Beheert iemand anders uw Exact Online, zoals een accountant? Stuur dit bericht dan door aan die persoon, "
        "en aan niemand anders. De link werkt tot {until}, of tot hij is gebruikt. Wij vragen nooit om uw wachtwoord.\n"
        "{support}\n"
        "Met vriendelijke groet,\n{we}",
    ),
    "end_subject": Text("Ending the connection with Exact Online", "Einde van de koppeling met Exact Online"),
    "end": Text(
        "Dear {contact},\n\n"
        "{we} no longer uses the connection with Exact Online that {who} made, and has destroyed its keys. Exact gives "
        "us no way to hand your permission back; you can take it away there:\n\n"
        "1. Sign in at Exact Online as {who}.\n"
        "2. Open the Security Centre.\n"
        "3. Remove the app “{app}”.\n\n"
        "Do this when it suits you: until then nothing is read or written either.\n"
        "{support}\n"
        "Kind regards,\n{we}",
        "Beste {contact},\n\n"
        "{we} gebruikt de koppeling met Exact Online die {who} heeft gemaakt niet meer, en heeft de sleutels ervan "
        "vernietigd. Exact geeft ons geen manier om uw toestemming terug te geven; u kunt die daar zelf intrekken:\n\n"
        "1. Log bij Exact Online in als {who}.\n"
        "2. Open het Security Center.\n"
        "3. Verwijder de app “{app}”.\n\n"
        "Doe dit wanneer het u uitkomt: ook tot die tijd wordt er niets gelezen of bijgewerkt.\n"
        "{support}\n"
        "Met vriendelijke groet,\n{we}",
    ),
    "end_companies_subject": Text(
        "Your companies in Exact Online are no longer connected", "Uw administraties zijn niet meer gekoppeld"
    ),
    "end_companies": Text(
        "Dear {contact},\n\n"
        "{we} no longer uses the Exact Online companies of {customer}. The connection that {who} made serves other "
        "companies, too, and goes on: please leave the app itself where it is. You can take away the companies of "
        "{customer}:\n\n"
        "1. Sign in at Exact Online as {who}.\n"
        "2. Open the Security Centre, then Import/Export and App permissions.\n"
        "3. Take the companies of {customer} away from the app “{app}”.\n\n"
        "Do this when it suits you: until then nothing of them is read or written either.\n"
        "{support}\n"
        "Kind regards,\n{we}",
        "Beste {contact},\n\n"
        "{we} gebruikt de administraties van {customer} in Exact Online niet meer. De koppeling die {who} heeft "
        "gemaakt bedient ook andere administraties, en blijft bestaan: laat de app zelf dus staan. De administraties "
        "van {customer} kunt u intrekken:\n\n"
        "1. Log bij Exact Online in als {who}.\n"
        "2. Open het Security Center, en daar Import/Export en App permissions.\n"
        "3. Haal de administraties van {customer} weg bij de app “{app}”.\n\n"
        "Doe dit wanneer het u uitkomt: ook tot die tijd wordt er niets van gelezen of bijgewerkt.\n"
        "{support}\n"
        "Met vriendelijke groet,\n{we}",
    ),
    "moment": Text("{on}, {clock} ({zone})", "{on}, {clock} uur ({zone})"),
    "zone": Text("time in {city}", "tijd in {city}"),
    "and": Text("and", "en"),
    "others": Text("{count} others", "{count} andere"),
    "letter_replaces": Text(
        "This link is for the user who takes the place of {who}. Whoever signs in as {who} renews the present "
        "connection, and replaces nobody.",
        "Deze link is voor de gebruiker die de plaats inneemt van {who}. Wie inlogt als {who} vernieuwt de huidige "
        "koppeling, en vervangt niemand.",
    ),
    "letter_support": Text("Questions? {support}", "Vragen? {support}"),
    "letter_gap": Text("[name of your organization]", "[naam van uw organisatie]"),
}
"""What goes with a link."""

TEXTS: Final = {**REASONS, **PAGE, **LETTER}
