"""The journal's lines of signing in and of what somebody signs in with, in words."""

from dispatch.words import N_

HAPPENED = {
    "registry.signed_in": N_("Signed in"),
    "registry.signed_out": N_("Signed out"),
    "registry.sign_in_refused": N_("Sign-in refused"),
    "registry.password_set": N_("Password set"),
    "registry.second_factor_refused": N_("Second factor refused, the password being right"),
    "registry.authenticator_enrolled": N_("App with codes set up"),
    "registry.authenticator_removed": N_("App with codes taken away"),
    "registry.recovery_codes_made": N_("Recovery codes made"),
    "registry.recovery_code_used": N_("Recovery code used"),
    "registry.passkey_enrolled": N_("Passkey added"),
    "registry.passkey_revoked": N_("Passkey revoked"),
    "registry.identity_linked": N_("Account linked to the log-in of the body"),
    "registry.identity_unlinked": N_("Account separated from the log-in of the body"),
    "registry.left_there": N_("Signed out at the log-in of the body"),
    "registry.token_issued": N_("Access token issued"),
    "registry.token_revoked": N_("Access token revoked"),
}
