"""The composition root: builds everything from settings and joins the stages."""
