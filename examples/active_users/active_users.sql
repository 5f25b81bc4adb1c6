SELECT user_id, user_name
FROM mindtickle_users
WHERE active_status = 'active'
ORDER BY user_id
