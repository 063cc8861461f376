"""Emergency social teams: interventions, offers and the rota."""
