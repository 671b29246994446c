-- Drawings of which nothing small could be made are drawn now.
DELETE FROM small_icons WHERE media_type = 'image/svg+xml';
