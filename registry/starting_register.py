"""The register of processing that a house starts from; its privacy officer corrects it.

The words are Italian because they are the body's own document, not the program's.
"""

from typing import Any

from registry.purposes import LegalBasis

MEASURES = (
    "Profili e uffici, fascicoli riservati e parti riservate, cifratura dei campi particolari, "
    "registro degli accessi sigillato, copie di sicurezza cifrate"
)
KEEPING = "Secondo il piano di conservazione dell'ente (DPR 445/2000 art. 68), pagina Conservazione"
SPECIAL = "art. 9 par. 2 lett. g) GDPR, art. 2-sexies d.lgs. 196/2003"

STARTING: tuple[dict[str, Any], ...] = (
    {
        "name": "Segretariato sociale e presa in carico",
        "why": "Ascoltare, orientare e prendere in carico chi si rivolge ai servizi sociali",
        "basis": LegalBasis.PUBLIC_TASK,
        "source": f"L. 328/2000, d.lgs. 147/2017; {SPECIAL}",
        "subjects": "Cittadini, familiari, persone vicine",
        "facts": "Anagrafica, recapiti, bisogni, salute, condizione sociale ed economica",
        "recipients": "Servizi sociali, ASL, enti del terzo settore incaricati",
        "transfers": "Nessuno",
        "keeping": KEEPING,
        "measures": MEASURES,
    },
    {
        "name": "Pronto intervento sociale",
        "why": "Rispondere alle emergenze sociali tutti i giorni, a ogni ora",
        "basis": LegalBasis.PUBLIC_TASK,
        "source": f"L. 328/2000 art. 22, L. 234/2021 art. 1 c. 170; {SPECIAL}",
        "subjects": "Persone in emergenza, chi segnala",
        "facts": "Anagrafica, luogo, salute, violenza subita, minori coinvolti",
        "recipients": "118/112, forze dell'ordine, autorità giudiziaria, strutture di accoglienza",
        "transfers": "Nessuno",
        "keeping": KEEPING,
        "measures": MEASURES,
    },
    {
        "name": "Teleassistenza",
        "why": "Ricevere gli allarmi di chi vive solo e mandare aiuto",
        "basis": LegalBasis.PUBLIC_TASK,
        "source": f"L. 328/2000, regolamento del servizio; {SPECIAL}",
        "subjects": "Utenti del servizio, persone da chiamare",
        "facts": "Anagrafica, abitazione e modo di entrare, salute, segnali dei dispositivi",
        "recipients": "Squadre, 118/112, persone da chiamare, gestore dei dispositivi",
        "transfers": "Nessuno",
        "keeping": KEEPING,
        "measures": MEASURES,
    },
    {
        "name": "Condivisione con il terzo settore oltre gli obblighi di legge",
        "why": "Far conoscere la situazione a enti che possono offrire altro",
        "basis": LegalBasis.CONSENT,
        "source": "art. 6 par. 1 lett. a) e art. 9 par. 2 lett. a) GDPR",
        "subjects": "Persone in carico",
        "facts": "Solo ciò che serve all'offerta, indicato nel consenso",
        "recipients": "L'ente nominato nel consenso",
        "transfers": "Nessuno",
        "keeping": KEEPING,
        "measures": MEASURES,
    },
)
